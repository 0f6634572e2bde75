import type { LimitOutlook, LimitQuestion } from '../port.ts';
import type { Residuals } from './combine.ts';

/**
 * What could happen: the forecast plus how far off each forecast of the backtest was. Where nothing was measured, the error before it goes on.
 */
function pathsOf(line: Float64Array, residuals: readonly Residuals[]): Float64Array[] {
  return residuals.map((fold) => {
    let error = 0;
    return line.map((value, step) => {
      const next = fold[step] ?? Number.NaN;
      if (!Number.isNaN(next)) error = next;
      return value + error;
    });
  });
}

/** The share of paths that have reached the limit by the end of each step: it never falls. */
function reachedBy(paths: readonly Float64Array[], steps: number, { value, direction = 'above' }: LimitQuestion): number[] {
  const beyond = (level: number): boolean => (direction === 'above' ? level >= value : level <= value);
  const first = paths.map((path) => path.findIndex(beyond));
  return Array.from({ length: steps }, (_, step) => first.filter((at) => at !== -1 && at <= step).length / Math.max(1, paths.length));
}

interface Ahead {
  readonly line: Float64Array;
  readonly residuals: readonly Residuals[];
  readonly at: readonly number[];
  readonly stepSeconds: number;
}

/** When a limit is reached, by what the errors of the backtest say. `at`: begin of each step ahead. */
export function outlookOf(question: LimitQuestion, { line, residuals, at, stepSeconds }: Ahead): LimitOutlook {
  const probability = reachedBy(pathsOf(line, residuals), line.length, question);
  const since = (share: number): number | null => at[probability.findIndex((one) => one >= share)] ?? null;
  const horizonSeconds = line.length * stepSeconds;
  return {
    value: question.value,
    direction: question.direction ?? 'above',
    probability,
    horizonSeconds,
    p10At: since(0.1),
    p50At: since(0.5),
    p90At: since(0.9),
  };
}
