import * as Plot from '@observablehq/plot';
import type { Unit } from 'novacron/plugin';
import { newDocument, PLOT_X, type Card } from './card.ts';
import { widthOf } from './text.ts';
import { theme } from './theme.ts';
import { formatNumber, type Scale } from './units.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
}

/** The axis starts at 0 unless values are negative, and a ratio that comes near its whole is shown up to 100 %. */
export function valueDomain(unit: Unit, { low, high }: Pick<Range, 'low' | 'high'>, { divisor }: Scale): [number, number] {
  const bottom = Math.min(0, low);
  const top = unit === 'ratio' && high > 0.6 && high <= 1 ? 1 : high + (high - bottom) * 0.06;
  return [bottom / divisor, (top > bottom ? top : bottom + divisor) / divisor];
}

/** Left edge of the labels: in line with the title. */
const LEFT = theme.paddingPoints - PLOT_X;
const TICK_PADDING = 8;

/** Never narrower than what keeps the first label of time clear of `UTC` beside it. */
const widestLabel = (domain: readonly number[], { suffix }: Scale, spanMs: number): number =>
  Math.max(spanMs < SECONDS_SPAN_MS ? 48 : 36, ...domain.map((value) => widthOf(`${formatNumber(value)}${suffix}`, 12)));

/** Times of shorter spans are written with seconds. */
const SECONDS_SPAN_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;

/** `Nov 23` at midnight, `14:00` otherwise: as little as says it. */
function tickText(spanMs: number): (at: Date) => string {
  const day = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
  const time = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: spanMs < SECONDS_SPAN_MS ? '2-digit' : undefined,
    timeZone: 'UTC',
  });
  return (at) => (at.getTime() % (24 * HOUR_MS) === 0 ? day.format(at) : time.format(at));
}

export interface Drawing {
  readonly unit: Unit;
  readonly scale: Scale;
  readonly range: Range;
  readonly now?: number | undefined;
  readonly marks: readonly Plot.Markish[];
}

/** Marks that every chart has: grid, axes, the label UTC, and the `now` line. */
function frameMarks({ range: { from, to }, scale, now }: Drawing, marginLeft: number): Plot.Markish[] {
  const marks: Plot.Markish[] = [
    Plot.gridY({ stroke: theme.grid, strokeOpacity: 1, ticks: 5 }),
    Plot.axisY({
      ticks: 5,
      tickSize: 0,
      tickPadding: TICK_PADDING,
      label: null,
      fill: theme.muted,
      tickFormat: (value: number) => `${formatNumber(value)}${scale.suffix}`,
    }),
    Plot.axisX({
      ticks: to - from < SECONDS_SPAN_MS ? 6 : 8,
      tickSize: 0,
      tickPadding: TICK_PADDING,
      label: null,
      fill: theme.muted,
      tickFormat: tickText(to - from),
    }),
    Plot.text(['UTC'], { frameAnchor: 'bottom-left', dx: LEFT - marginLeft, dy: 16, fill: theme.faint, fontSize: 11 }),
  ];
  if (now !== undefined && now >= from && now <= to) {
    marks.push(
      Plot.ruleX([new Date(now)], { stroke: theme.faint, strokeDasharray: '2 3' }),
      Plot.text([new Date(now)], { x: (at: Date) => at, frameAnchor: 'top', dy: -12, text: () => 'now', fill: theme.muted, fontSize: 11 }),
    );
  }
  return marks;
}

/** Draws the plot without its card. */
export function drawPlot({ plotWidth, plotHeight }: Card, drawing: Drawing): { document: Document; plot: Element } {
  const { unit, scale, range, marks } = drawing;
  const document = newDocument();
  const domain = valueDomain(unit, range, scale);
  const marginLeft = LEFT + TICK_PADDING + widestLabel(domain, scale, range.to - range.from);
  const plot = Plot.plot({
    document,
    width: plotWidth,
    height: plotHeight,
    marginLeft,
    marginRight: 32,
    marginTop: 16,
    marginBottom: 36,
    style: { fontFamily: theme.family, fontSize: '12px', background: 'none', color: theme.ink },
    x: { type: 'utc', domain: [new Date(range.from), new Date(range.to)] },
    y: { domain, nice: 5, clamp: true },
    marks: [...frameMarks(drawing, marginLeft), ...marks],
  });
  return { document, plot };
}
