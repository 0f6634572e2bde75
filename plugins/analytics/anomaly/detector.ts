import { distance, follow, LEVEL_LENGTH, rangeOf, widthOf, type Range } from './level.ts';
import { DAY, seasonLength, visit, visitsOf, WEEK } from './season.ts';
import { novelty, SHAPES_LENGTH } from './shapes.ts';
import { beyondUsual, SURPRISE_LENGTH } from './surprise.ts';
import { count, rarity, TAIL_LENGTH } from './tail.ts';
import { momentsOf, remember, windowLength } from './window.ts';

/**
 * The detector of one series: streaming (a row at a time), causal (a score depends on earlier rows only) and of fixed size: all that it
 * knows is one array of numbers, which is also its snapshot. Five questions, each answered by how rare the answer is in this
 * very series; the score is their sum, less what is usual at this time of the day.
 */

/** What each part of a score asks. */
export const PARTS = ['time', 'lasting', 'level', 'variation', 'shape'] as const;
export type Part = (typeof PARTS)[number];

const SHORT_ROWS = 20;
const LASTING_ROWS = 50;
const VARIATION_ROWS = 60;

/**
 * Scores that count as detections: by how many powers of ten a row is rarer than what the series usually has. `high` is what the public benchmark
 * rewards most, where a false alarm costs a ninth of a missed one; people who are called want `normal`.
 */
export const THRESHOLDS = { high: 4.75, normal: 8, low: 12 } as const;
export type Sensitivity = keyof typeof THRESHOLDS;

/** A series is only watched for so long before it is judged. */
export const LEARNING_MS = 2 * 86_400_000;
/** Rows after a detection in which the same series is not reported again: 10 h of 5 min. */
export const REFRACTORY_ROWS = 120;

/** Lays the components out one after the other. */
function layOut<K extends string>(
  lengths: Readonly<Record<K, number>>,
): { readonly start: Readonly<Record<K, number>>; readonly length: number } {
  let length = 0;
  const start = {} as Record<K, number>;
  for (const key of Object.keys(lengths) as K[]) {
    start[key] = length;
    length += lengths[key];
  }
  return { start, length };
}

const layout = layOut({
  rows: 1,
  firstAt: 1,
  lastAt: 1,
  quietRows: 1,
  value: 1,
  expected: 1,
  scores: PARTS.length,
  day: seasonLength(DAY),
  week: seasonLength(WEEK),
  range: LEVEL_LENGTH,
  level: LEVEL_LENGTH,
  variation: LEVEL_LENGTH,
  values: windowLength(VARIATION_ROWS),
  residuals: windowLength(LASTING_ROWS),
  shapes: SHAPES_LENGTH,
  surprise: SURPRISE_LENGTH,
  timeTail: TAIL_LENGTH,
  lastingTail: TAIL_LENGTH,
  levelTail: TAIL_LENGTH,
  variationTail: TAIL_LENGTH,
  shapeTail: TAIL_LENGTH,
});
const { start } = layout;

export const STATE_LENGTH = layout.length;
export const STATE_BYTES = STATE_LENGTH * Float64Array.BYTES_PER_ELEMENT;

export const createState = (): Float64Array => new Float64Array(STATE_LENGTH);

const at = (state: Float64Array, index: number): number => state[index] ?? 0;

/** Rarity against the past, then the past includes it. */
function weigh(state: Float64Array, tail: number, magnitude: number): number {
  const rare = rarity(state, tail, magnitude);
  count(state, tail, magnitude);
  return rare;
}

/** Distance from the usual range of something, which then follows it. */
function stray(state: Float64Array, level: number, value: number): number {
  const strayed = distance(state, level, value);
  follow(state, level, value);
  return strayed;
}

/** The parts that ask how far a value is from what its time of the day and week let expect; nothing is known of an hour before its second day. */
function answerByTime(state: Float64Array, instant: number, value: number): number[] {
  const expectedDay = visit(state, start.day, DAY, { instant, value });
  const expectedWeek = visit(state, start.week, WEEK, { instant, value });
  state[start.expected] = value;
  if (Number.isNaN(expectedDay)) return [0, 0];
  const offDay = value - expectedDay;
  const offWeek = Number.isNaN(expectedWeek) ? offDay : value - expectedWeek;
  const off = Math.abs(offWeek) < Math.abs(offDay) ? offWeek : offDay;
  state[start.expected] = value - off;
  remember(state, start.residuals, LASTING_ROWS, offDay);
  const lasting = momentsOf(state, start.residuals, LASTING_ROWS, LASTING_ROWS).mean;
  return [weigh(state, start.timeTail, Math.abs(off)), weigh(state, start.lastingTail, Math.abs(lasting))];
}

/** The parts that ask how far the last hours are from all others. */
function answerByCourse(state: Float64Array, value: number): number[] {
  follow(state, start.range, value);
  remember(state, start.values, VARIATION_ROWS, value);
  const level = momentsOf(state, start.values, VARIATION_ROWS, SHORT_ROWS).mean;
  const variation = Math.log(momentsOf(state, start.values, VARIATION_ROWS, VARIATION_ROWS).deviation + 1e-6);
  return [
    weigh(state, start.levelTail, stray(state, start.level, level)),
    weigh(state, start.variationTail, stray(state, start.variation, variation)),
    weigh(state, start.shapeTail, novelty(state, start.shapes, value, widthOf(state, start.range))),
  ];
}

/**
 * Takes the next row and says how unusual it is: 0 is ordinary, from `THRESHOLDS` on it is worth a look. `instant` in epoch milliseconds. What is no
 * number, or not later than the row before, is passed over: 0.
 */
export function observe(state: Float64Array, instant: number, value: number): number {
  if (!Number.isFinite(value) || instant <= at(state, start.lastAt)) return 0;
  // In the order of PARTS.
  const scores = [...answerByTime(state, instant, value), ...answerByCourse(state, value)];
  if (at(state, start.rows) === 0) state[start.firstAt] = instant;
  state[start.rows] = at(state, start.rows) + 1;
  state[start.lastAt] = instant;
  state[start.value] = value;
  state.set(scores, start.scores);
  const sum = scores.reduce((total, score) => total + score, 0);
  return beyondUsual(state, start.surprise, instant, sum);
}

/**
 * Whether the row whose score this is counts as a detection: it reaches the threshold, the series is known for long enough, and no
 * earlier one of it was just reported.
 * Called once after each `observe`.
 */
export function detects(state: Float64Array, score: number, threshold: number): boolean {
  const quietRows = at(state, start.quietRows);
  const learned = at(state, start.lastAt) - at(state, start.firstAt) >= LEARNING_MS;
  const detected = learned && score >= threshold && quietRows === 0;
  state[start.quietRows] = detected ? REFRACTORY_ROWS - 1 : Math.max(0, quietRows - 1);
  return detected;
}

/** Why the row observed last got its score. */
export interface Explanation {
  readonly value: number;
  /** What the same time of the days or weeks before would have had. */
  readonly expected: number;
  /** Usual range of the series. */
  readonly range: Range;
  readonly parts: Readonly<Record<Part, number>>;
  /** How many days had this time of the day before. */
  readonly days: number;
  readonly rows: number;
}

export function explain(state: Float64Array): Explanation {
  return {
    value: at(state, start.value),
    expected: at(state, start.expected),
    range: rangeOf(state, start.range),
    parts: Object.fromEntries(PARTS.map((part, i) => [part, at(state, start.scores + i)])) as Record<Part, number>,
    days: visitsOf(state, start.day, DAY),
    rows: at(state, start.rows),
  };
}
