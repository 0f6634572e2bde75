import * as Plot from '@observablehq/plot';
import type { ForecastChart } from '../port.ts';
import { cardOf, layOut } from './card.ts';
import { downsample, withGaps, type Point } from './downsample.ts';
import type { LegendEntry } from './legend.ts';
import { lineMarks } from './line-marks.ts';
import { drawPlot } from './plot.ts';
import { rangeOf } from './range.ts';
import { theme } from './theme.ts';
import { scaleOf } from './units.ts';

interface Quantiles {
  readonly at: number;
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

const legendOf = (historyLabel: string): LegendEntry[] => [
  { name: historyLabel, color: theme.history, kind: 'line' },
  { name: 'forecast (median)', color: theme.forecast, kind: 'dashed' },
  { name: 'p10 to p90', color: theme.band, kind: 'band' },
];

/** The forecast begins where the measured line ends, so that the eye follows one line. */
function joined(history: readonly Point[], forecast: readonly Quantiles[]): Quantiles[] {
  const last = history.at(-1);
  if (last === undefined || Number.isNaN(last.value)) return [...forecast];
  return [{ at: last.at, p10: last.value, p50: last.value, p90: last.value }, ...forecast];
}

function marksOf(history: readonly Point[], forecast: readonly Quantiles[], divisor: number): Plot.Markish[] {
  const x = ({ at }: { at: number }): Date => new Date(at);
  return [
    Plot.areaY(forecast, {
      x,
      y1: (q: Quantiles) => q.p10 / divisor,
      y2: (q: Quantiles) => q.p90 / divisor,
      fill: theme.band,
      fillOpacity: 0.32,
    }),
    ...lineMarks(history, { divisor, color: theme.history, isFilled: true }),
    Plot.lineY(forecast, { x, y: (q: Quantiles) => q.p50 / divisor, stroke: theme.forecast, strokeWidth: 2.2, strokeDasharray: '6 4' }),
  ];
}

/** SVG of a forecast. */
export function drawForecast(chart: ForecastChart): string {
  const { at, p10, p50, p90 } = chart.forecast;
  const history = downsample(withGaps(chart.history), theme.widthPoints);
  const forecast = at.map((instant, i) => ({ at: instant, p10: p10[i] ?? 0, p50: p50[i] ?? 0, p90: p90[i] ?? 0 }));
  const range = rangeOf([history.map((p) => p.at), at], [history.map((p) => p.value), p10, p90]);
  const scale = scaleOf(chart.unit, Math.max(Math.abs(range.low), Math.abs(range.high)));
  const marks = marksOf(history, joined(history, forecast), scale.divisor);
  const card = layOut({ title: chart.title, subtitle: chart.subtitle, legend: legendOf(chart.historyLabel ?? 'measured') });
  const { document, plot } = drawPlot(card, { unit: chart.unit, scale, range, now: chart.now, marks });
  return cardOf(document, plot, card);
}
