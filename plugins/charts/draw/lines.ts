import * as Plot from '@observablehq/plot';
import type { LineChart } from '../port.ts';
import { cardOf } from './card.ts';
import { downsample, withGaps, type Point } from './downsample.ts';
import { drawPlot } from './plot.ts';
import { rangeOf } from './range.ts';
import { theme } from './theme.ts';
import { scaleOf } from './units.ts';

const colorOf = (index: number): string => theme.series[index % theme.series.length] ?? theme.history;

function marksOf(lines: readonly (readonly Point[])[], divisor: number): Plot.Markish[] {
  const x = ({ at }: Point): Date => new Date(at);
  const y = ({ value }: Point): number => value / divisor;
  const marks: Plot.Markish[] = lines.map((points, i) =>
    Plot.lineY(points, { x, y, stroke: colorOf(i), strokeWidth: 1.8, strokeLinejoin: 'round' }),
  );
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) marks.unshift(Plot.areaY(only, { x, y, fill: theme.history, fillOpacity: 0.07 }));
  return marks;
}

/** SVG of one or several lines. */
export function drawLines(chart: LineChart): string {
  const lines = chart.series.map((series) => downsample(withGaps(series), theme.widthPoints));
  const range = rangeOf(
    lines.map((points) => points.map((p) => p.at)),
    lines.map((points) => points.map((p) => p.value)),
  );
  const scale = scaleOf(chart.unit, Math.max(Math.abs(range.low), Math.abs(range.high)));
  const { document, plot } = drawPlot({ unit: chart.unit, scale, range, now: chart.now, marks: marksOf(lines, scale.divisor) });
  const legend = chart.series.length > 1 ? chart.series.map(({ name }, i) => ({ name, color: colorOf(i), kind: 'line' as const })) : [];
  return cardOf(document, plot, { title: chart.title, subtitle: chart.subtitle, legend });
}
