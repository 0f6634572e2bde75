import type { Series } from '../port.ts';

export interface Approach {
  /** In the unit of the series. */
  readonly limit: number;
  readonly direction: 'above' | 'below';
  readonly withinSeconds: number;
}

/** Slopes are taken over these multiples of the time looked ahead. */
const WINDOWS = [0.25, 1, 4, 16] as const;
/** A straight line may be this much too slow. */
const SAFETY = 2;
/** What came this near before may come again, as a daily peak does. */
const NEAR_RATIO = 0.95;

/**
 * Could the series reach the limit in time? Cheap, and wrong only to the safe side for what grows or recurs: a forecast costs a thousand times as
 * much, and most series are nowhere near.
 */
export function mayReach({ at, value }: Series, { limit, direction, withinSeconds }: Approach): boolean {
  const sign = direction === 'above' ? 1 : -1;
  const known = at.flatMap((instant, row) => {
    const one = value[row];
    return one === null || one === undefined || !Number.isFinite(one) ? [] : [{ at: instant, value: one * sign }];
  });
  const last = known.at(-1);
  if (last === undefined) return false;
  const edge = limit * sign;
  const reach = edge - (1 - NEAR_RATIO) * Math.abs(edge);
  if (known.some((one) => one.value >= reach)) return true;
  return WINDOWS.some((multiple) => {
    const from = known.find((one) => one.at >= last.at - multiple * withinSeconds * 1000);
    if (from === undefined || from.at === last.at) return false;
    const perSecond = (last.value - from.value) / ((last.at - from.at) / 1000);
    return last.value + SAFETY * withinSeconds * perSecond >= edge;
  });
}
