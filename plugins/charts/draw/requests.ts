import { HubError } from 'novacron/plugin';
import type { ChartSeries, ForecastChart, LineChart, SvgPicture } from '../port.ts';

export type DrawRequest =
  | { readonly kind: 'forecast'; readonly chart: ForecastChart }
  | { readonly kind: 'lines'; readonly chart: LineChart }
  | { readonly kind: 'svg'; readonly chart: SvgPicture };

const POINTS_MAX = 200_000;
const SERIES_MAX = 8;
const SVG_LENGTH_MAX = 4_000_000;
const PIXELS_MAX = 20_000_000;
/** A picture may name its own parts and carry data, and no file of this machine. */
const FOREIGN = /\bhref\s*=\s*["'](?!#|data:)|url\(\s*["']?(?!#|data:)|<!(?:DOCTYPE|ENTITY)/iu;

function invalid(message: string): never {
  throw new HubError('chart_invalid', message, { status: 422 });
}

function checkEqual(name: string, lengths: readonly number[]): void {
  if (new Set(lengths).size > 1) invalid(`The columns of ${name} have ${lengths.join(', ')} values. Give each the same number.`);
}

function checkOrder(name: string, at: readonly number[]): void {
  for (const [i, instant] of at.entries()) {
    if (!Number.isFinite(instant) || instant < (at[i - 1] ?? -Infinity)) {
      invalid(`The instants of ${name} are not rising numbers (see value ${i}). Sort them and leave out what is no instant.`);
    }
  }
}

function check(name: string, { at, value }: ChartSeries): void {
  checkEqual(name, [at.length, value.length]);
  checkOrder(name, at);
}

function checkSvg({ svg }: SvgPicture): void {
  if (svg.length > SVG_LENGTH_MAX)
    throw new HubError('chart_too_large', `The SVG has ${svg.length} characters; at most ${SVG_LENGTH_MAX} can be drawn.`, { status: 422 });
  if (FOREIGN.test(svg)) invalid('The SVG refers to something outside of itself. Put it in as data.');
  const sizeOf = (name: string): string | undefined => new RegExp(`^\\s*<svg[^>]*\\s${name}="([\\d.]+)(?:px)?"`, 'u').exec(svg)?.[1];
  const [width, height] = [sizeOf('width'), sizeOf('height')];
  if (width === undefined || height === undefined) invalid('The SVG must say its width and height in points.');
  if (Number(width) * Number(height) > PIXELS_MAX)
    throw new HubError('chart_too_large', `The SVG is ${width} x ${height} points; draw it smaller.`, { status: 422 });
}

function points({ kind, chart }: Exclude<DrawRequest, { kind: 'svg' }>): number {
  if (kind === 'forecast') return chart.history.at.length + chart.forecast.at.length;
  return chart.series.reduce((sum, { at }) => sum + at.length, 0);
}

/** Refuses what cannot be drawn, with what is wrong: HubError `chart_invalid` or `chart_too_large`. */
export function checkRequest(request: DrawRequest): void {
  if (request.kind === 'svg') return checkSvg(request.chart);
  const count = points(request);
  if (count > POINTS_MAX) {
    throw new HubError('chart_too_large', `The chart has ${count} points; at most ${POINTS_MAX} can be drawn. Ask for a wider step.`, {
      status: 422,
    });
  }
  if (request.kind === 'lines') {
    const { series } = request.chart;
    if (series.length === 0 || series.length > SERIES_MAX) invalid(`The chart has ${series.length} series; give 1 to ${SERIES_MAX}.`);
    for (const [i, one] of series.entries()) check(`series ${i + 1}`, one);
    return;
  }
  const { history, forecast } = request.chart;
  check('the history', history);
  checkEqual('the forecast', [forecast.at.length, forecast.p10.length, forecast.p50.length, forecast.p90.length]);
  checkOrder('the forecast', forecast.at);
  if (![...forecast.p10, ...forecast.p50, ...forecast.p90].every(Number.isFinite)) invalid('The forecast has a value that is no number.');
}
