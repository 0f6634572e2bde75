import { combine, weightsOf } from '../../plugins/analytics/forecast/combine.ts';
import { median } from '../../plugins/analytics/models/model.ts';
import type { DenseForm } from '../../plugins/analytics/models/dense.ts';
import { trainDense } from '../../plugins/analytics/models/dense-train.ts';
import { trainSeasonLinear, type SeasonTask } from '../../plugins/analytics/models/season-linear.ts';
import { applyWeights, type Weights } from '../../plugins/analytics/models/trained.ts';
import { gridOf, leastOf } from './choose.ts';
import { errorsOf, HORIZON, originsOf, parseEtt, PARTS, type Errors, type Part } from './ett-data.ts';
import { readData } from './data.ts';
import { atMost, round } from './forecast-data.ts';
import type { BenchOptions, BenchResult } from './main.ts';

/**
 * ETTh1, horizon 96: all 2,785 windows of the test part. The models that the hub trains across series, here across the seven columns. Which of
 * them, with which lookback and form, is chosen on the validation part (rows 8,640 to 11,519) alone. Minutes.
 */

const FILE = 'ett/ETTh1.csv';
const SEEDS = [1, 2, 3, 4, 5] as const;
/** Chosen among on the validation part. */
const INPUTS = [336, 504, 720] as const;
/** As much as the hub lets models see. */
const SEEN = 1_440;
const VALIDATION_STRIDE = 7;
const FORMS = ['nlinear', 'dlinear', 'tide'] as const;
/** Forms of `season-linear`: days that it sees one by one, what they are relative to, and what is made least. */
const SEASON_GRID = gridOf<Required<Pick<SeasonTask, 'round' | 'relativeTo' | 'loss'>>>({
  round: [3, 7, 14],
  relativeTo: ['round', 'season'],
  loss: ['absolute', 'square'],
});
const HOUR_MS = 3_600_000;

const PUBLISHED = [
  ['TiDE', 0.375, 0.398],
  ['FITS (bug-fixed)', 0.373, 0.395],
  ['PatchTST/64', 0.37, 0.4],
  ['PatchTST/42', 0.375, 0.399],
  ['NLinear', 0.374, 0.394],
  ['DLinear', 0.375, 0.399],
  ['repeat the last value', 1.295, 0.713],
] as const;

type Lines = readonly (readonly Float64Array[])[];

const linesOf = (weights: Weights, columns: readonly Float64Array[], origins: readonly number[]): Lines =>
  columns.map((values) =>
    origins.map((origin) => {
      const begin = Math.max(0, origin - SEEN);
      // The file begins with a day, and its days are told apart by the steps since then.
      return applyWeights(weights, values.subarray(begin, origin), begin * HOUR_MS).p50;
    }),
  );

interface Member {
  readonly name: string;
  readonly weights: Weights;
  readonly validation: Errors;
}

class Arena {
  readonly columns: readonly Float64Array[];
  readonly train: readonly Float64Array[];
  readonly #validationOrigins = originsOf(PARTS.validation, VALIDATION_STRIDE);

  constructor(columns: readonly Float64Array[]) {
    this.columns = columns;
    this.train = columns.map((values) => values.slice(...PARTS.train));
  }

  member(name: string, weights: Weights | undefined): Member {
    if (weights === undefined) throw new Error(`${name}: the train part is too short`);
    const lines = linesOf(weights, this.columns, this.#validationOrigins);
    return { name, weights, validation: errorsOf(this.columns, this.#validationOrigins, lines) };
  }

  async dense(form: DenseForm, input: number, seed: number): Promise<Member> {
    const weights = await trainDense({ values: this.train }, { form, season: 24, input, horizon: HORIZON }, { seed });
    return this.member(`${form} L${input}`, weights);
  }

  season(form: (typeof SEASON_GRID)[number]): Member {
    const name = `season-linear, ${form.round} days, relative to ${form.relativeTo === 'round' ? 'their mean' : 'the last'}, ${form.loss} error`;
    return this.member(name, trainSeasonLinear(this.train, { season: 24, horizon: HORIZON, log: false, ...form }));
  }
}

/** The lookback with the least error on validation. */
async function chooseInput(arena: Arena, form: DenseForm): Promise<{ readonly input: number; readonly tried: readonly Member[] }> {
  const tried: { input: number; member: Member }[] = [];
  for (const input of INPUTS) tried.push({ input, member: await arena.dense(form, input, 1) });
  const { input } = leastOf(tried, ({ member }) => member.validation.mae);
  return { input, tried: tried.map(({ member }) => member) };
}

interface Run {
  readonly members: readonly Member[];
  readonly chosen: string;
  readonly errors: Errors;
  readonly alone: readonly Errors[];
}

/** The pool's combination, weighted by the errors on validation; or the one member that is better than it there. */
function evaluate(members: readonly Member[], columns: readonly Float64Array[]): Run {
  const weights = weightsOf(
    members.map(({ validation }) => validation.mae),
    1,
  ).map((weight) => new Float64Array(HORIZON).fill(weight));
  const errorsIn = (part: Part, stride: number): { together: Errors; alone: Errors[] } => {
    const origins = originsOf(part, stride);
    const all = members.map((member) => linesOf(member.weights, columns, origins));
    const lineOf = (column: number, i: number): Float64Array =>
      combine(
        all.map((each) => each[column]?.[i] ?? new Float64Array(HORIZON)),
        weights,
      );
    const lines = columns.map((_, column) => origins.map((_unused, i) => lineOf(column, i)));
    return { together: errorsOf(columns, origins, lines), alone: all.map((each) => errorsOf(columns, origins, each)) };
  };
  const validation = errorsIn(PARTS.validation, VALIDATION_STRIDE).together.mae;
  const best = members.findIndex((member) => member.validation.mae < validation);
  const { together, alone } = errorsIn(PARTS.test, 1);
  return { members, alone, chosen: members[best]?.name ?? 'combination', errors: alone[best] ?? together };
}

const spread = (values: readonly number[]): { median: number; least: number; most: number } => ({
  median: round(median(values)),
  least: round(Math.min(...values)),
  most: round(Math.max(...values)),
});

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, FILE);
  if ('skipped' in data) return data.skipped;
  const startedAt = performance.now();
  const arena = new Arena(parseEtt(data.text));
  const forms = SEASON_GRID.map((form) => {
    options.signal.throwIfAborted();
    return arena.season(form);
  });
  const season = leastOf(forms, ({ validation }) => validation.mae);
  const inputs = new Map<DenseForm, number>();
  const tried = [...forms];
  for (const form of FORMS) {
    const chosen = await chooseInput(arena, form);
    inputs.set(form, chosen.input);
    tried.push(...chosen.tried);
  }
  const runs: Run[] = [];
  for (const seed of SEEDS) {
    options.signal.throwIfAborted();
    const members = [season];
    for (const [form, input] of inputs) members.push(await arena.dense(form, input, seed));
    runs.push(evaluate(members, arena.columns));
  }
  const mse = spread(runs.map(({ errors }) => errors.mse));
  const mae = spread(runs.map(({ errors }) => errors.mae));
  const alone = (runs[0]?.members ?? []).map(({ name, validation }, i) => ({
    name,
    validation,
    mse: spread(runs.map((run) => run.alone[i]?.mse ?? Number.NaN)),
    mae: spread(runs.map((run) => run.alone[i]?.mae ?? Number.NaN)),
  }));
  return {
    figures: {
      windows: originsOf(PARTS.test).length,
      seeds: SEEDS.length,
      chosen: runs.map(({ chosen }) => chosen),
      mse,
      mae,
      validationMae: Object.fromEntries(tried.map(({ name, validation }) => [name, round(validation.mae)])),
      seconds: round((performance.now() - startedAt) / 1000, 1),
    },
    aims: [atMost('MSE, median of 5 seeds', mse.median, 0.366), atMost('MAE, median of 5 seeds', mae.median, 0.388)],
    tables: [
      {
        title: `ETTh1, 96 h ahead, ${originsOf(PARTS.test).length} windows, z-scored`,
        columns: ['method', 'MSE', 'MAE'],
        rows: [
          [
            `NovaCron, chosen on validation (MSE ${mse.least} .. ${mse.most}, MAE ${mae.least} .. ${mae.most})`,
            String(mse.median),
            String(mae.median),
          ],
          ...alone.map((one) => [`NovaCron, ${one.name} alone`, String(one.mse.median), String(one.mae.median)]),
          ...PUBLISHED.map(([name, ...figures]) => [`${name} (published)`, ...figures.map(String)]),
        ],
      },
    ],
  };
}
