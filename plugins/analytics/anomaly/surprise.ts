import { DAY } from './season.ts';
import { at } from './state.ts';

/**
 * How much surprise is usual. A job at 6 o'clock is rare among all rows, so each time it would surprise again; but surprise at 6 o'clock is what this
 * series always has. What is left of a score after the peak that this time of the day usually reaches is what a person has not seen yet.
 */

const SLOTS = DAY.slots;
/** Peaks are followed faster upwards: two mornings in a row are a habit, one quiet morning does not end it. */
const UP = 0.5;
const DOWN = 0.1;
/** One outrageous row must not make a series deaf. */
const PEAK_MAX = 25;

// The slot being visited (0: none yet, else its number + 1), its peak so far, and the usual peaks of all.
const SLOT = 0;
const PEAK = 1;
const FIRST_SLOT = 2;

export const SURPRISE_LENGTH = FIRST_SLOT + SLOTS;

function endVisit(state: Float64Array): void {
  const slot = at(state, SLOT) - 1;
  if (slot < 0) return;
  const usual = at(state, FIRST_SLOT + slot);
  const peak = at(state, PEAK);
  state[FIRST_SLOT + slot] = usual + (peak > usual ? UP : DOWN) * (peak - usual);
}

/** What of a score is more than usual; 0 when nothing is. Then the score is part of what is usual. */
export function beyondUsual(state: Float64Array, instant: number, score: number): number {
  const slot = Math.floor(((instant % DAY.periodMs) / DAY.periodMs) * SLOTS);
  if (slot + 1 !== at(state, SLOT)) {
    endVisit(state);
    state[SLOT] = slot + 1;
    state[PEAK] = 0;
  }
  state[PEAK] = Math.max(at(state, PEAK), Math.min(score, PEAK_MAX));
  return Math.max(0, score - at(state, FIRST_SLOT + slot));
}
