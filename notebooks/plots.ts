import { drawFigure, type Figure } from '../plugins/charts/draw/figure.ts';
import { altOfForecast, altOfLines } from '../plugins/charts/draw/alt.ts';
import { drawForecast } from '../plugins/charts/draw/forecast.ts';
import { drawLines } from '../plugins/charts/draw/lines.ts';
import type { ForecastChart, LineChart } from '../plugins/charts/port.ts';
import { shownAs, type Displayable } from './html.ts';

/** A picture: SVG where that is shown; the kernel and the runner put a PNG beside it for all other places. */
export interface PlotPicture extends Displayable {
  readonly title: string;
  readonly svg: string;
}

const picture = (title: string, alt: string, svg: string): PlotPicture =>
  shownAs({ title, svg }, () => ({ 'image/svg+xml': svg, 'text/plain': alt }));

/** Any plot of Observable Plot, in the look of the hub: `plot({ title, marks: [Plot.barX(rows, { x: 'used', y: 'name' })] })`. */
export const plot = (figure: Figure): PlotPicture =>
  picture(figure.title, [figure.title, figure.subtitle].filter((text) => text !== undefined).join('. '), drawFigure(figure));

/** Values over time, up to 8 lines. */
export const lines = (chart: LineChart): PlotPicture => picture(chart.title, altOfLines(chart), drawLines(chart));

/** What was measured, and what is expected: the median with its band. */
export const forecastChart = (chart: ForecastChart): PlotPicture => picture(chart.title, altOfForecast(chart), drawForecast(chart));
