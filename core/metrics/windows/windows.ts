import { HubError } from '../../contract/errors.ts';
import type { WindowMatrix, WindowQuery } from '../../contract/metrics.ts';
import type { Column, TableShape } from '../schema.ts';
import { dayOf } from '../sql-text.ts';
import type { HotRange } from '../hot-range.ts';
import type { Reading } from '../read.ts';
import type { Store } from '../store.ts';
import { readCatalogue } from '../sealed.ts';
import type { SealedFile } from '../views.ts';
import { slide, WINDOW_FUNCTIONS, type Row, type Steps } from './functions.ts';
import { slidePieces } from './pieces.ts';
import { rollupTable } from '../rollup.ts';
import { planRollup, readPieces, rollupFor, type RollupPlan } from './rollups.ts';
import { figureFor, readFigures } from './figures.ts';
import { namesOf, type Targets } from './series.ts';
import { LISTED_MAX, type SampleSource } from './source.ts';
import { byBytes } from './target-lists.ts';
import { reachesHot, readSamples } from './samples.ts';

/** Samples that one query may read. */
const SAMPLES_MAX = 200_000_000;
/** Values that one query may answer. */
const CELLS_MAX = 20_000_000;
/** Sealed rows whose series are held in memory at once. */
const ROWS_AT_ONCE = 4_000_000;
/** Sealed rows that are fetched as a whole, and remembered; hot ones only for few things. */
const ROWS_WHOLE_MAX = 1_000_000;

export interface WindowTask {
  readonly shape: TableShape;
  readonly column: Column;
  readonly query: WindowQuery;
}

const tooLarge = (message: string): HubError => new HubError('metrics_query_large', message, { status: 422 });

export const stepsOf = ({ from, to, stepMs, windowMs }: WindowQuery): Steps => ({
  from,
  stepMs,
  windowMs,
  count: Math.floor((to - from) / stepMs) + 1,
});

const tooLong = (): HubError =>
  tooLarge(`The query would answer more than ${CELLS_MAX} values. Take a longer step, a shorter range or fewer series.`);

/** Rows of the answer as they are found. */
class Answer {
  readonly entities: string[] = [];
  readonly devices: string[] = [];
  readonly #steps: number;
  #values: Float64Array;

  /** `expected`: how many series there may be. */
  constructor(steps: number, expected: number) {
    this.#steps = steps;
    this.#values = new Float64Array(Math.min(CELLS_MAX, steps * expected));
  }

  /** Room for the next row; `keep` makes it one of the answer, else it is the next one's. */
  row(): Row {
    const first = this.entities.length * this.#steps;
    if (first + this.#steps > CELLS_MAX) throw tooLong();
    if (first + this.#steps > this.#values.length) {
      const larger = new Float64Array(Math.max(2 * this.#values.length, first + this.#steps));
      larger.set(this.#values);
      this.#values = larger;
    }
    return { values: this.#values, first };
  }

  keep(series: string): void {
    const { entity, device } = namesOf(series);
    this.entities.push(entity);
    if (device !== undefined) this.devices.push(device);
  }

  matrix(): WindowMatrix {
    const count = this.entities.length * this.#steps;
    const values = this.#values.length === count ? this.#values : this.#values.slice(0, count);
    return { entities: this.entities, devices: this.devices, steps: this.#steps, values };
  }
}

/** Parts of the targets, in the order of the files, whose rows fit into memory, and about how many rows each has. */
function portions(
  store: Store,
  query: WindowQuery,
  { rows, atOnce }: { rows: number; atOnce: number },
): { parts: Targets[]; rowsEach: number } {
  const all = store.entities.count();
  const { targets } = query;
  const expected = targets === null ? rows : (rows * targets.length) / Math.max(1, all);
  if (expected <= atOnce) return { parts: [targets], rowsEach: expected };
  const sorted = targets ?? [...store.entities.names()].toSorted(byBytes);
  const count = Math.min(sorted.length, Math.ceil(expected / atOnce));
  const size = Math.max(1, Math.ceil(sorted.length / count));
  const parts = Array.from({ length: Math.ceil(sorted.length / size) }, (_, index) => sorted.slice(index * size, (index + 1) * size));
  return { parts, rowsEach: expected / parts.length };
}

/** What a query is answered from: all sealed files, and where hot rows lie, both as they were at one instant. */
export interface WindowSource extends Reading {
  readonly store: Store;
  readonly sealed: readonly SealedFile[];
  readonly hot: HotRange | undefined;
  readonly isSteady: boolean;
}

/** About how many series there are in some days: each has a row an hour in the rollup. Undefined when nothing is rolled up. */
function seriesIn(files: readonly SealedFile[], { name }: TableShape): number | undefined {
  const hourly = files.filter(({ table }) => table === rollupTable(name, 3600)).map(({ rows }) => rows / 24);
  return hourly.length === 0 ? undefined : Math.max(1, ...hourly);
}

const byDay = (a: SealedFile, b: SealedFile): number => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.part - b.part);

/** Answers a window query, from rollups where they give the same answer, else from samples; portion by portion. Runs in the store's thread. */
export async function readWindows(
  { store, connect, sealed, hot, isSteady, check }: WindowSource,
  { shape, column, query }: WindowTask,
): Promise<WindowMatrix> {
  const steps = stepsOf(query);
  const after = query.from - query.windowMs;
  const [first, last] = [dayOf(after), dayOf(query.to)];
  const rolled = rollupFor(query, column);
  const inRange = sealed.filter(({ day }) => day >= first && day <= last);
  const tables = [shape.name, ...(rolled ? [rollupTable(shape.name, rolled.seconds)] : [])];
  const found = inRange.filter(({ table }) => tables.includes(table)).toSorted(byDay);
  const files = found.filter(({ table }) => table === shape.name);
  const answer = new Answer(steps.count, query.targets?.length ?? store.entities.count());
  const rollup = rolled && planRollup(rolled, { files: found, column, shape, hot });
  const total = (rollup === null ? files : [...rollup.rollups, ...rollup.samples]).reduce((sum, file) => sum + file.rows, 0);
  const samplesEach = (): number => total / (seriesIn(inRange, shape) ?? Math.max(1, store.entities.count()));
  const figure = rollup === null ? await figureFor(query, { connect, column, files, hot, after, upTo: query.from, samplesEach }) : null;
  const { parts, rowsEach } = portions(store, query, { rows: total, atOnce: figure?.samplesMax ?? ROWS_AT_ONCE });
  let rows = 0;
  const source: SampleSource = {
    store,
    connect,
    shape,
    column,
    files,
    hot,
    isLarge: {
      sealed: rowsEach > ROWS_WHOLE_MAX,
      hot: reachesHot({ hot, after, upTo: query.to }) && (query.targets?.length ?? Infinity) > LISTED_MAX,
    },
    after,
    upTo: query.to,
    isSteady,
    check(more) {
      check();
      rows += more;
      if (rows > SAMPLES_MAX)
        throw tooLarge(`The query would read more than ${SAMPLES_MAX} samples. Take a shorter range or fewer series.`);
    },
  };
  for (const targets of parts)
    if (rollup !== null) await answerPieces(source, rollup, { targets, query, steps, answer });
    else if (figure !== null)
      for (const [series, value] of await readFigures({ ...source, upTo: query.from }, figure, targets)) {
        const { values, first: at } = answer.row();
        values[at] = value;
        answer.keep(series);
      }
    else await answerSamples(source, { targets, query, steps, answer });
  return answer.matrix();
}

/**
 * `readWindows` without asking the database what is sealed: when no day was moved from hot to sealed meanwhile, what the store remembers of it was right all along.
 * Else it is asked again in a transaction.
 */
export async function readSteadily(store: Store, reading: Reading, task: WindowTask): Promise<WindowMatrix> {
  const { sealed } = store;
  const hot = (): HotRange | undefined => store.hot.get(task.shape.name);
  if (!store.isMoving) {
    const answer = await readWindows({ ...reading, store, sealed, hot: hot(), isSteady: true }, task);
    if (store.sealed === sealed && !store.isMoving) return answer;
  }
  const known = hot();
  const connection = await reading.connect();
  await connection.run('BEGIN TRANSACTION READ ONLY');
  const catalogue = await readCatalogue(connection, store.folders.sealed);
  return readWindows({ ...reading, store, sealed: catalogue, hot: known, isSteady: false }, task);
}

interface Portion {
  readonly targets: Targets;
  readonly query: WindowQuery;
  readonly steps: Steps;
  readonly answer: Answer;
}

async function answerSamples(source: SampleSource, { targets, query, steps, answer }: Portion): Promise<void> {
  const compute = WINDOW_FUNCTIONS[query.function];
  for (const [series, buffer] of await readSamples(source, targets)) {
    source.check(0);
    const samples = buffer.samples(source.column.scale);
    if (slide(samples, steps, { into: answer.row(), compute: (span) => compute(samples, span, query.parameter ?? 0) })) answer.keep(series);
  }
}

async function answerPieces(source: SampleSource, plan: RollupPlan, { targets, query, steps, answer }: Portion): Promise<void> {
  for (const [series, pieces] of await readPieces(source, plan, { targets, query })) {
    source.check(0);
    if (slidePieces(pieces, steps, { of: query.function, scale: source.column.scale, into: answer.row() })) answer.keep(series);
  }
}
