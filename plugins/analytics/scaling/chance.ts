import type { Forecast } from '../port.ts';

/** How far p90 lies from p50 where values spread normally. */
const P90_SIGMAS = 1.2815515655446004;

/** Normal distribution function, within 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
function normalShare(sigmas: number): number {
  const x = Math.abs(sigmas) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x);
  return sigmas < 0 ? tail / 2 : 1 - tail / 2;
}

/** Chance that one point lies above the limit: each side of the median spreads as its quantile says. */
export function chanceAbove({ p10, p50, p90 }: Pick<Forecast['points'][number], 'p10' | 'p50' | 'p90'>, limit: number): number {
  const spread = (limit >= p50 ? p90 - p50 : p50 - p10) / P90_SIGMAS;
  if (spread <= 0) return limit < p50 ? 1 : 0;
  return 1 - normalShare((limit - p50) / spread);
}

/**
 * Chance that any point lies above the limit: that of the likeliest one. Steps that go together, as those of one load do, make it true;
 * if they went apart it would be more.
 */
export const chanceOfOverload = ({ points }: Pick<Forecast, 'points'>, limit: number): number =>
  points.reduce((most, point) => Math.max(most, chanceAbove(point, limit)), 0);
