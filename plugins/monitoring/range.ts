import { HubError, type Aggregate, type Metric } from 'novacron/plugin';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const POINTS_MAX = 300;
/** Widths that people and clocks like. */
const STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800];

const invalid = (message: string): HubError => new HubError('range_invalid', message, { status: 400 });

/** `now`, `-1h`, `-7d`, epoch milliseconds, or a date and time (UTC when it names no zone). */
export function parseInstant(text: string, now: number): number {
  const word = text.trim();
  if (word === 'now') return now;
  const ago = /^-(\d{1,6})([smhdw])$/.exec(word);
  if (ago) return now - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  if (/^\d{10,14}$/.test(word)) return Number(word);
  const isDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(word);
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(word) && word.length > 10;
  const at = isDate ? Date.parse(hasZone || word.length === 10 ? word.replace(' ', 'T') : `${word.replace(' ', 'T')}Z`) : Number.NaN;
  if (Number.isNaN(at)) throw invalid(`"${word.slice(0, 40)}" is no instant. Write now, -1h, -7d, or 2026-01-31T12:00:00Z.`);
  return at;
}

export function parseRange(range: { readonly from: string; readonly to: string }, now: number): { from: number; to: number } {
  const from = parseInstant(range.from, now);
  const to = parseInstant(range.to, now);
  if (from >= to) throw invalid(`The range is empty: ${range.from} is not before ${range.to}.`);
  return { from, to };
}

/** The narrowest nice width that makes at most 300 points and no point without a sample. */
export function stepFor(range: { readonly from: number; readonly to: number }, everySeconds: number): number {
  const wanted = Math.max((range.to - range.from) / 1000 / POINTS_MAX, everySeconds);
  return STEPS_SECONDS.find((step) => step >= wanted) ?? 86_400 * Math.ceil(wanted / 86_400);
}

/** What one asks of a metric without saying more: growth of a counter, the mean of a gauge. */
export const usualAggregate = (metric: Metric): Aggregate => (metric.kind === 'counter' ? 'rate' : 'mean');
