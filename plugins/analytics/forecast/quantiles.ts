import { quantile } from '../models/model.ts';
import { weightsOf, type Residuals } from './combine.ts';

/** What is added to the model's forecast, per step ahead: at most 0 below, at least 0 above. */
export interface Band {
  readonly p10: Float64Array;
  readonly p90: Float64Array;
}

/** The band of a model that learned p10 and p90, relative to the line that is forecast: of each fold of the backtest, and of the forecast itself. */
export interface LearnedBand {
  readonly folds: readonly Band[];
  readonly final: Band;
}

export interface Calibrated {
  readonly band: Band;
  /** Share of the backtest's values within a band made without them (and without the folds that overlap with them). */
  readonly coverage: number;
}

const AIM = 0.8;
const FOLDS_LEFT_MIN = 4;
/** Residuals of so many neighbouring steps ahead are taken together: a tenth of the horizon to each side. */
const NEIGHBOURS = 0.1;

/** The conformal quantile: the ceil((n + 1) x share)-th smallest, so that a new value of the same kind lies below with at least that share. */
export function conformalQuantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length, Math.ceil((sorted.length + 1) * share)) - 1] ?? 0;
}

/** Residuals of the steps around `step`, sorted. (A typed array sorts numbers many times faster than a list with a comparator.) */
function sortedNear(folds: readonly Residuals[], step: number, reach: number): Float64Array {
  const pool = new Float64Array(folds.length * (2 * reach + 1));
  let count = 0;
  for (const fold of folds) {
    for (const value of fold.subarray(Math.max(0, step - reach), step + reach + 1)) {
      if (!Number.isNaN(value)) pool[count++] = value;
    }
  }
  return pool.subarray(0, count).toSorted();
}

function bandOf(folds: readonly Residuals[], horizon: number): Band {
  const reach = Math.max(1, Math.round(horizon * NEIGHBOURS));
  const band = { p10: new Float64Array(horizon), p90: new Float64Array(horizon) };
  for (let step = 0; step < horizon; step++) {
    const near = sortedNear(folds, step, reach);
    if (near.length === 0) continue;
    band.p10[step] = quantile(near, 0.1);
    band.p90[step] = quantile(near, 0.9);
  }
  return band;
}

const pinball = (error: number, share: number): number => Math.max(share * error, (share - 1) * error);

/** Mean pinball loss of both ends; NaN where nothing was measured. */
function lossOf(fold: Residuals, { p10, p90 }: Band): number {
  let [sum, count] = [0, 0];
  for (const [step, residual] of fold.entries()) {
    if (Number.isNaN(residual)) continue;
    sum += pinball(residual - (p10[step] ?? 0), 0.1) + pinball(residual - (p90[step] ?? 0), 0.9);
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** The weighted mean of bands, step by step. */
function mixed(bands: readonly Band[], weights: readonly number[]): Band {
  const of = (end: keyof Band): Float64Array =>
    (bands[0]?.[end] ?? new Float64Array(0)).map((_, step) =>
      bands.reduce((sum, band, source) => sum + (weights[source] ?? 0) * (band[end][step] ?? 0), 0),
    );
  return { p10: of('p10'), p90: of('p90') };
}

interface Mixing {
  /** Of each fold: the band of what the other folds were off by, then the learned ones. */
  readonly sources: readonly (readonly Band[])[];
  readonly foldsPerHorizon: number;
  readonly least: number;
}

/** What each source counts, by its pinball loss on these folds. */
function sourceWeights(losses: readonly (readonly number[])[], least: number): number[] {
  const [first = []] = losses;
  const means = first.map((_, source) => {
    const known = losses.map((fold) => fold[source] ?? Number.NaN).filter((loss) => !Number.isNaN(loss));
    return known.length === 0 ? 0 : known.reduce((sum, loss) => sum + loss, 0) / known.length;
  });
  return weightsOf(means, least);
}

/** The band of each fold, mixed by what the other folds say of its sources; and what the sources count altogether. */
function mixFolds(residuals: readonly Residuals[], { sources, foldsPerHorizon, least }: Mixing): { bands: Band[]; weights: number[] } {
  const losses = residuals.map((fold, index) => (sources[index] ?? []).map((band) => lossOf(fold, band)));
  const bands = sources.map((own, index) => mixed(own, sourceWeights(othersOf(losses, index, foldsPerHorizon), least)));
  return { bands, weights: sourceWeights(losses, least) };
}

const halfWidth = (band: Band, step: number): number => ((band.p90[step] ?? 0) - (band.p10[step] ?? 0)) / 2;

/** How far outside the band each value lies, in half widths; negative: inside. */
function excessesOf(fold: Residuals, band: Band, least: number): number[] {
  return [...fold.entries()]
    .filter(([, residual]) => !Number.isNaN(residual))
    .map(([step, residual]) => {
      const outside = Math.max((band.p10[step] ?? 0) - residual, residual - (band.p90[step] ?? 0));
      return outside / Math.max(halfWidth(band, step), least);
    });
}

function widen(band: Band, correction: number, least: number): Band {
  const margin = (step: number): number => correction * Math.max(halfWidth(band, step), least);
  return {
    p10: band.p10.map((value, step) => Math.min(0, value - margin(step))),
    p90: band.p90.map((value, step) => Math.max(0, value + margin(step))),
  };
}

/** What fold `index` may be judged by: the folds that share no step with it, while enough are left. */
function othersOf<T>(folds: readonly T[], index: number, foldsPerHorizon: number): T[] {
  const apart = folds.filter((_, other) => Math.abs(other - index) >= foldsPerHorizon);
  return apart.length >= FOLDS_LEFT_MIN ? apart : folds.filter((_, other) => other !== index);
}

/**
 * The band of a forecast: quantiles of the residuals per step ahead and what trained models learned (by pinball loss), each counting by its own pinball
 * loss on the backtest; then a conformal correction: each fold is held against a band made of the others, and the final band is widened (or narrowed)
 * by what would have let 8 of 10 of those values in.
 */
export function calibrate(
  residuals: readonly Residuals[],
  task: { readonly horizon: number; readonly stride: number; readonly learned?: readonly LearnedBand[] },
): Calibrated {
  const { horizon, stride, learned = [] } = task;
  const largest = residuals.reduce(
    (most, fold) => fold.reduce((m, value) => (Number.isNaN(value) ? m : Math.max(m, Math.abs(value))), most),
    0,
  );
  const least = Math.max(largest * 1e-6, 1e-12);
  const foldsPerHorizon = Math.ceil(horizon / Math.max(1, stride));
  const sources = residuals.map((_, index) => [
    bandOf(othersOf(residuals, index, foldsPerHorizon), horizon),
    ...learned.flatMap(({ folds }) => folds[index] ?? []),
  ]);
  const { bands, weights } = mixFolds(residuals, { sources, foldsPerHorizon, least });
  const all = mixed([bandOf(residuals, horizon), ...learned.map(({ final }) => final)], weights);
  const excesses = residuals.map((fold, index) => excessesOf(fold, bands[index] ?? all, least));
  const covered = excesses.flatMap((fold, index) => {
    const correction = conformalQuantile(othersOf(excesses, index, foldsPerHorizon).flat(), AIM);
    return fold.map((excess) => excess <= correction);
  });
  const coverage = covered.length === 0 ? 0 : covered.filter(Boolean).length / covered.length;
  return { band: widen(all, conformalQuantile(excesses.flat(), AIM), least), coverage };
}
