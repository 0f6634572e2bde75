import { defineService, type Picture, type Unit } from 'novacron/plugin';

/** A value in the words that pictures use, `24.1 %` or `1.5 GiB`: so that a sentence beside a picture says the same. */
export { formatValue } from './draw/units.ts';

/** Values over time. Instants are epoch milliseconds in rising order; `null` or NaN is a gap, and so is a hole in the instants. */
export interface ChartSeries {
  readonly at: readonly number[];
  readonly value: readonly (number | null)[];
}

/** What was measured, and what is expected: the median with the band from p10 to p90. */
export interface ForecastChart {
  /** Plain text from anywhere: it is escaped, and cut when it is too long. */
  readonly title: string;
  readonly subtitle?: string;
  readonly unit: Unit;
  readonly history: ChartSeries;
  /** What the history is called in the legend; default `measured`. */
  readonly historyLabel?: string;
  readonly forecast: {
    readonly at: readonly number[];
    readonly p10: readonly number[];
    readonly p50: readonly number[];
    readonly p90: readonly number[];
  };
  /** Epoch milliseconds: where the `now` marker stands. Absent: no marker. */
  readonly now?: number;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle?: string;
  readonly unit: Unit;
  /** At most 8; the names make the legend when there are several. */
  readonly series: readonly (ChartSeries & { readonly name: string })[];
  readonly now?: number;
}

/** A picture that somebody else drew, with its width and height in points; it refers to nothing outside of itself. */
export interface SvgPicture {
  readonly svg: string;
  readonly title: string;
  readonly alt: string;
}

export interface DrawOptions {
  /** Gives up waiting; the picture is thrown away. */
  readonly signal?: AbortSignal;
}

/**
 * Pictures in the one look of the hub: PNG, 800 x 400 points at twice the pixels, instants in UTC. Drawn in a worker thread, so the
 * caller's loop never waits. Errors: HubError `chart_invalid` (422: columns of unequal length, no finite value, too many series),
 * `chart_too_large` (422: more than 200,000 points), `chart_overloaded` (503, retryable), `chart_timeout` (504, retryable), `chart_failed` (500).
 */
export interface Charts {
  forecast(input: ForecastChart, options?: DrawOptions): Promise<Picture>;
  lines(input: LineChart, options?: DrawOptions): Promise<Picture>;
  /** SVG as PNG, with the hub's fonts. */
  picture(input: SvgPicture, options?: DrawOptions): Promise<Picture>;
  /** Says that a picture will be asked for soon: the drawing thread (0.3 s to start) is made ready meanwhile. */
  prepare(): void;
}
export const Charts = defineService<Charts>('charts');

/** SVG as PNG with the fonts of the hub, at twice the pixels; in the caller's own thread, for programs of their own. In the hub it is `Charts.picture`. */
export const rasterize = async (svg: string): Promise<Buffer> => (await import('./draw/raster.ts')).rasterize(svg);
