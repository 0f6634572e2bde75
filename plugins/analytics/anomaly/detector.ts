import { distance, follow, LEVEL_LENGTH, rangeOf, widthOf, type Range } from './level.ts';
import { DAY, seasonLength, visit, visitsOf, WEEK } from './season.ts';
import { novelty, SHAPES_LENGTH } from './shapes.ts';
import { beyondUsual, SURPRISE_LENGTH } from './surprise.ts';
import { count, rarity, TAIL_LENGTH } from './tail.ts';
import { momentsOf, remember, windowLength } from './window.ts';
import { at } from './state.ts';

/**
 * The detector of one series: streaming (a row at a time), causal (a score depends on earlier rows only) and of fixed size: all that it
 * knows is one array of numbers, which is also its snapshot. Five questions, each answered by how rare the answer is in this
 * very series; the score is their sum, less what is usual at this time of the day.
 */

/** What each part of a score asks. */
export const PARTS = ['time', 'lasting', 'level', 'variation', 'shape'] as const;
export type Part = (typeof PARTS)[number];

/** What the parts look at. `npm run bench -- nab` chooses among such settings, on one half of the files. */
export interface DetectorSettings {
  /** Rows whose mean `level` asks about. */
  readonly levelRows: number;
  /** Rows over which `lasting` asks. */
  readonly lastingRows: number;
  /** Rows whose spread `variation` asks about. */
  readonly variationRows: number;
  /** Rows after a detection in which the same series is not reported again. */
  readonly refractoryRows: number;
  /** Which parts are added up to the score. */
  readonly parts: readonly Part[];
}

/** Of rows of 5 min: 100 min, 4 h and 5 h; quiet for 10 h. */
export const DETECTOR: DetectorSettings = { levelRows: 20, lastingRows: 50, variationRows: 60, refractoryRows: 120, parts: PARTS };

/**
 * Scores that count as detections: by how many powers of ten a row is rarer than what the series usually has. `high` is what the public benchmark
 * rewards most, where a false alarm costs a ninth of a missed one; people who are called want `normal`.
 */
export const THRESHOLDS = { high: 4.75, normal: 8, low: 12 } as const;
export type Sensitivity = keyof typeof THRESHOLDS;

/** A series is only watched for so long before it is judged. */
export const LEARNING_MS = 2 * 86_400_000;

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Lays the components out one after the other. */
function layOut<K extends string>(
  lengths: Readonly<Record<K, number>>,
): { readonly stretches: Readonly<Record<K, Stretch>>; readonly length: number } {
  let length = 0;
  const stretches = {} as Record<K, Stretch>;
  for (const key of Object.keys(lengths) as K[]) {
    stretches[key] = { from: length, to: length + lengths[key] };
    length += lengths[key];
  }
  return { stretches, length };
}

// The head: single numbers, then what each part answered last.
const ROWS = 0;
const FIRST_AT = 1;
const LAST_AT = 2;
const QUIET_ROWS = 3;
const RAISED_AT = 4;
const VALUE = 5;
const EXPECTED = 6;
const PARTS_AT = 7;

const layoutOf = ({ lastingRows, levelRows, variationRows }: DetectorSettings) =>
  layOut({
    head: PARTS_AT + PARTS.length,
    day: seasonLength(DAY),
    week: seasonLength(WEEK),
    range: LEVEL_LENGTH,
    level: LEVEL_LENGTH,
    variation: LEVEL_LENGTH,
    values: windowLength(Math.max(levelRows, variationRows)),
    residuals: windowLength(lastingRows),
    shapes: SHAPES_LENGTH,
    surprise: SURPRISE_LENGTH,
    timeTail: TAIL_LENGTH,
    lastingTail: TAIL_LENGTH,
    levelTail: TAIL_LENGTH,
    variationTail: TAIL_LENGTH,
    shapeTail: TAIL_LENGTH,
  });

/** Settings, and where in a state what is kept by them. */
export interface Detector extends ReturnType<typeof layoutOf> {
  readonly settings: DetectorSettings;
}

export const detectorOf = (settings: DetectorSettings): Detector => ({ settings, ...layoutOf(settings) });

/** The one that ships. */
const SHIPPED = detectorOf(DETECTOR);
const { stretches } = SHIPPED;

/** The stretch of a state that a component keeps its numbers in. */
const stretch = (state: Float64Array, { from, to }: Stretch): Float64Array => state.subarray(from, to);

export const STATE_LENGTH = SHIPPED.length;
export const STATE_BYTES = STATE_LENGTH * Float64Array.BYTES_PER_ELEMENT;

/** Epoch milliseconds of the newest row; 0 without any. */
export const lastAtOf = (state: Float64Array): number => at(state, LAST_AT);

export const createState = ({ length }: Detector = SHIPPED): Float64Array => new Float64Array(length);

export interface Row {
  /** Epoch milliseconds. */
  readonly instant: number;
  readonly value: number;
}

/** Rarity against the past, then the past includes it. */
function weigh(state: Float64Array, where: Stretch, magnitude: number): number {
  const tail = stretch(state, where);
  const rare = rarity(tail, magnitude);
  count(tail, magnitude);
  return rare;
}

/** Distance from the usual range of something, which then follows it. */
function stray(state: Float64Array, where: Stretch, value: number): number {
  const level = stretch(state, where);
  const strayed = distance(level, value);
  follow(level, value);
  return strayed;
}

/** The parts that ask how far a value is from what its time of the day and week let expect; nothing is known of an hour before its second day. */
function answerByTime(state: Float64Array, row: Row, { stretches: of, settings }: Detector): number[] {
  const { value } = row;
  const expectedDay = visit(stretch(state, of.day), DAY, row);
  const expectedWeek = visit(stretch(state, of.week), WEEK, row);
  state[EXPECTED] = value;
  if (Number.isNaN(expectedDay)) return [0, 0];
  const offDay = value - expectedDay;
  const offWeek = Number.isNaN(expectedWeek) ? offDay : value - expectedWeek;
  const off = Math.abs(offWeek) < Math.abs(offDay) ? offWeek : offDay;
  state[EXPECTED] = value - off;
  const residuals = stretch(state, of.residuals);
  remember(residuals, offDay);
  const lasting = momentsOf(residuals, settings.lastingRows).mean;
  return [weigh(state, of.timeTail, Math.abs(off)), weigh(state, of.lastingTail, Math.abs(lasting))];
}

/** The parts that ask how far the last hours are from all others. */
function answerByCourse(state: Float64Array, value: number, { stretches: of, settings }: Detector): number[] {
  const range = stretch(state, of.range);
  const values = stretch(state, of.values);
  follow(range, value);
  remember(values, value);
  const level = momentsOf(values, settings.levelRows).mean;
  const variation = Math.log(momentsOf(values, settings.variationRows).deviation + 1e-6);
  return [
    weigh(state, of.levelTail, stray(state, of.level, level)),
    weigh(state, of.variationTail, stray(state, of.variation, variation)),
    weigh(state, of.shapeTail, novelty(stretch(state, of.shapes), value, widthOf(range))),
  ];
}

/**
 * Takes the next row and says how unusual it is: 0 is ordinary, from `THRESHOLDS` on it is worth a look. What is no
 * number, or not later than the row before, is passed over: 0.
 */
export function observe(state: Float64Array, row: Row, detector: Detector = SHIPPED): number {
  const { instant, value } = row;
  if (!Number.isFinite(value) || instant <= at(state, LAST_AT)) return 0;
  // In the order of PARTS.
  const scores = [...answerByTime(state, row, detector), ...answerByCourse(state, value, detector)];
  if (at(state, ROWS) === 0) state[FIRST_AT] = instant;
  state[ROWS] = at(state, ROWS) + 1;
  state[LAST_AT] = instant;
  state[VALUE] = value;
  state.set(scores, PARTS_AT);
  const { parts } = detector.settings;
  const sum = scores.reduce((total, score, part) => (parts.includes(PARTS[part] as Part) ? total + score : total), 0);
  return beyondUsual(stretch(state, detector.stretches.surprise), instant, sum);
}

/**
 * Whether the row whose score this is counts as a detection: it reaches the threshold, the series is known for long enough, and no
 * earlier one of it was just reported.
 * Called once after each `observe`.
 */
export function detects(state: Float64Array, score: number, threshold: number): boolean {
  const [lastAt, raisedAt] = [at(state, LAST_AT), at(state, RAISED_AT)];
  state[RAISED_AT] = score < threshold / 2 ? 0 : raisedAt === 0 ? lastAt : raisedAt;
  const quietRows = at(state, QUIET_ROWS);
  const learned = lastAt - at(state, FIRST_AT) >= LEARNING_MS;
  const detected = learned && score >= threshold && quietRows === 0;
  state[QUIET_ROWS] = detected ? DETECTOR.refractoryRows - 1 : Math.max(0, quietRows - 1);
  return detected;
}

/** Why the row observed last got its score. */
export interface Explanation {
  readonly value: number;
  /** Since when the scores are raised, epoch milliseconds; the row itself when they were not. */
  readonly since: number;
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
    value: at(state, VALUE),
    since: at(state, RAISED_AT) || at(state, LAST_AT),
    expected: at(state, EXPECTED),
    range: rangeOf(stretch(state, stretches.range)),
    parts: Object.fromEntries(PARTS.map((part, i) => [part, at(state, PARTS_AT + i)])) as Record<Part, number>,
    days: visitsOf(stretch(state, stretches.day), DAY),
    rows: at(state, ROWS),
  };
}
