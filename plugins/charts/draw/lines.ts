import type { LineChart } from '../port.ts';
import { cardOf, layOut } from './card.ts';
import { downsample, withGaps } from './downsample.ts';
import type { LegendEntry } from './legend.ts';
import { lineMarks } from './line-marks.ts';
import { drawPlot } from './plot.ts';
import { rangeOf } from './range.ts';
import { theme } from './theme.ts';
import { scaleOf } from './units.ts';

const colorOf = (index: number): string => theme.series[index % theme.series.length] ?? theme.history;

const legendOf = ({ series }: LineChart): LegendEntry[] =>
  series.length > 1 ? series.map(({ name }, i) => ({ name, color: colorOf(i), kind: 'line' })) : [];

/** SVG of one or several lines. */
export function drawLines(chart: LineChart): string {
  const lines = chart.series.map((series) => downsample(withGaps(series), theme.widthPoints));
  const range = rangeOf(
    lines.map((points) => points.map((p) => p.at)),
    lines.map((points) => points.map((p) => p.value)),
  );
  const scale = scaleOf(chart.unit, Math.max(Math.abs(range.low), Math.abs(range.high)));
  const isFilled = lines.length === 1;
  const marks = lines.flatMap((points, i) => lineMarks(points, { divisor: scale.divisor, color: colorOf(i), isFilled }));
  const card = layOut({ title: chart.title, subtitle: chart.subtitle, legend: legendOf(chart) });
  const { document, plot } = drawPlot(card, { unit: chart.unit, scale, range, now: chart.now, marks });
  return cardOf(document, plot, card);
}
