import { parentPort, workerData } from 'node:worker_threads';
import { TRAINED_KINDS, trainAcross, type TrainedKind } from '../models/train-across.ts';
import { applyWeights, historyMinOf, modelNameOf, type TrainedModel, type Weights } from '../models/trained.ts';
import { originsOf, scaleOfErrors } from './backtest.ts';
import { stepBack } from './step-back.ts';
import { fillGaps } from './steps.ts';

export interface TrainRequest {
  /** One a series, steps of equal width that end together; NaN where nothing was measured. */
  readonly histories: readonly Float64Array[];
  /** Epoch milliseconds: where the first of those steps begins. */
  readonly from: number;
  readonly stepsPerDay: number;
  readonly horizon: number;
  /** What a forecast looks at: its backtest lies in these last steps, so what lies before teaches `held` too. */
  readonly seenSteps: number;
  readonly seed: number;
  /** Of this thread; when it is spent, training ends with the best weights so far, and kinds that did not begin are left out. */
  readonly cpuSecondsMax: number;
  /** What is in use: held against the new ones on the same backtest. */
  readonly rivals: readonly TrainedModel[];
}

export interface TrainedKindReply {
  readonly kind: TrainedKind;
  readonly model: TrainedModel;
  readonly mase: number;
  readonly rivalMase: number | null;
  readonly cpuSeconds: number;
}

export interface TrainReply {
  readonly trained: readonly TrainedKindReply[];
  readonly cpuSeconds: number;
}

/** Of a series: so many forecasts are scored at most. */
const ORIGINS_MAX = 6;
/** A series that was nearly constant and then was not must not decide for all. */
const MASE_MAX = 10;

const DAY_MS = 86_400_000;

const cpuSeconds = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};

interface Track {
  readonly measured: Float64Array;
  readonly filled: Float64Array;
  /** Epoch milliseconds of its first step. */
  readonly beganAt: number;
  /** Where the forecasts of its backtest begin. */
  readonly origins: readonly number[];
  /** The first of them; 0: there is none. */
  readonly held: number;
}

function trackOf(measured: Float64Array, request: TrainRequest): Track {
  const begin = measured.findIndex((value) => !Number.isNaN(value));
  const own = begin === -1 ? new Float64Array(0) : measured.slice(begin);
  const unseen = Math.max(0, own.length - request.seenSteps);
  const origins = originsOf(own.length - unseen, request).map((origin) => unseen + origin);
  const beganAt = request.from + (Math.max(0, begin) * DAY_MS) / request.stepsPerDay;
  return { measured: own, filled: fillGaps(own, request.stepsPerDay), beganAt, origins, held: origins[0] ?? 0 };
}

function maseOf(weights: Weights, { measured, filled, beganAt, origins, held }: Track, request: TrainRequest): number | undefined {
  const { stepsPerDay, horizon } = request;
  if (historyMinOf(weights) > held) return undefined;
  const scale = scaleOfErrors(measured.subarray(0, held), stepsPerDay);
  const stride = Math.ceil(origins.length / ORIGINS_MAX);
  let error = 0;
  let count = 0;
  for (const origin of origins.filter((_, i) => i % stride === 0)) {
    for (const [step, value] of applyWeights(weights, filled.subarray(0, origin), beganAt).p50.subarray(0, horizon).entries()) {
      const came = measured[origin + step] ?? Number.NaN;
      if (Number.isNaN(came)) continue;
      error += Math.abs(came - value);
      count++;
    }
  }
  return count === 0 ? undefined : Math.min(MASE_MAX, error / count / scale);
}

/** Mean over all series whose backtest the model can take part in. */
function meanMase(weights: Weights, tracks: readonly Track[], request: TrainRequest): number | undefined {
  const scores = tracks.map((track) => maseOf(weights, track, request)).filter((score) => score !== undefined);
  return scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

async function trainKind(kind: TrainedKind, tracks: readonly Track[], request: TrainRequest): Promise<TrainedKindReply | undefined> {
  const startedAt = cpuSeconds();
  const { stepsPerDay, horizon, seed, cpuSecondsMax } = request;
  const task = { season: stepsPerDay, horizon, seed, goOn: () => cpuSeconds() < cpuSecondsMax };
  const beganAt = tracks.map((track) => track.beganAt);
  const held = await trainAcross(kind, { values: tracks.map((track) => track.filled.subarray(0, track.held)), beganAt }, task);
  const final = await trainAcross(kind, { values: tracks.map(({ filled }) => filled), beganAt }, task);
  const mase = held && meanMase(held, tracks, request);
  if (held === undefined || final === undefined || mase === undefined) return undefined;
  const rival = request.rivals.find((each) => modelNameOf(each.final) === kind);
  // Neither has seen the stretch that both are scored on.
  const rivalMase = (rival && meanMase(rival.held, tracks, request)) ?? null;
  return { kind, model: { held, final }, mase, rivalMase, cpuSeconds: cpuSeconds() - startedAt };
}

async function train(request: TrainRequest): Promise<TrainReply> {
  const tracks = request.histories.map((history) => trackOf(history, request)).filter(({ held }) => held > 0);
  const trained: TrainedKindReply[] = [];
  for (const kind of TRAINED_KINDS) {
    if (cpuSeconds() >= request.cpuSecondsMax) break;
    const one = await trainKind(kind, tracks, request);
    if (one !== undefined) trained.push(one);
  }
  return { trained, cpuSeconds: cpuSeconds() };
}

stepBack();
parentPort?.postMessage(await train(workerData as TrainRequest), []);
