import { at } from './state.ts';

/** What is usual at this time of the day, or of the week: a mean per slot that follows slowly. */

export interface Season {
  readonly slots: number;
  readonly periodMs: number;
  /** A visit of a slot weighs at least one in this many. */
  readonly visitsMax: number;
}

const DAY_MS = 86_400_000;

export const DAY: Season = { slots: 48, periodMs: DAY_MS, visitsMax: 15 };
export const WEEK: Season = { slots: 168, periodMs: 7 * DAY_MS, visitsMax: 4 };

// The slot that is being visited (0: none yet, else its number + 1) and its sum and count so far; then means, then visits.
const VISITED = 0;
const SUM = 1;
const COUNT = 2;
const FIRST_SLOT = 3;

export const seasonLength = ({ slots }: Season): number => FIRST_SLOT + 2 * slots;

function endVisit(state: Float64Array, { slots, visitsMax }: Season): void {
  const slot = at(state, VISITED) - 1;
  if (slot < 0) return;
  const mean = FIRST_SLOT + slot;
  const visits = at(state, mean + slots);
  const weight = Math.max(1 / visitsMax, 1 / (visits + 1));
  state[mean] = at(state, mean) + weight * (at(state, SUM) / at(state, COUNT) - at(state, mean));
  state[mean + slots] = visits + 1;
}

/** What past days (or weeks) had in the slot of this instant; NaN when none did. Then this value is added to the slot. */
export function visit(state: Float64Array, season: Season, { instant, value }: { instant: number; value: number }): number {
  const { slots, periodMs } = season;
  const slot = Math.floor(((instant % periodMs) / periodMs) * slots);
  if (slot + 1 !== at(state, VISITED)) {
    endVisit(state, season);
    state[VISITED] = slot + 1;
    state[SUM] = 0;
    state[COUNT] = 0;
  }
  state[SUM] = at(state, SUM) + value;
  state[COUNT] = at(state, COUNT) + 1;
  const mean = FIRST_SLOT + slot;
  return at(state, mean + slots) > 0 ? at(state, mean) : Number.NaN;
}

/** How many days (or weeks) the slot visited last had before. */
export function visitsOf(state: Float64Array, { slots }: Season): number {
  const slot = at(state, VISITED) - 1;
  return slot < 0 ? 0 : at(state, FIRST_SLOT + slots + slot);
}
