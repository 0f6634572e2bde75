import * as Plot from '@observablehq/plot';
import type { Point } from './downsample.ts';

const isGap = (point: Point | undefined): boolean => point === undefined || Number.isNaN(point.value);

/** Points with a gap on both sides: a line would not show them. */
const alone = (points: readonly Point[]): Point[] =>
  points.filter((point, i) => !isGap(point) && isGap(points[i - 1]) && isGap(points[i + 1]));

export interface LineStyle {
  readonly divisor: number;
  readonly color: string;
  readonly isFilled: boolean;
}

/** A measured line, broken at its gaps, with lone points as dots and a faint ground. */
export function lineMarks(points: readonly Point[], { divisor, color, isFilled }: LineStyle): Plot.Markish[] {
  const x = ({ at }: Point): Date => new Date(at);
  const y = ({ value }: Point): number => value / divisor;
  // With y1 and y2, not y: that would stack, and a stack takes a gap for 0.
  const ground = isFilled ? [Plot.areaY(points, { x, y1: () => 0, y2: y, fill: color, fillOpacity: 0.07 })] : [];
  return [
    ...ground,
    Plot.lineY(points, { x, y, stroke: color, strokeWidth: 1.8, strokeLinejoin: 'round' }),
    Plot.dot(alone(points), { x, y, r: 2.4, fill: color }),
  ];
}
