import { at } from './state.ts';

/**
 * How rare a magnitude is among all that one series has shown: counts in bins of equal ratio, so that it needs no unit and no range
 * beforehand. Like all memory of the detector it is a stretch of one array of numbers: that is what is kept on disk.
 */

const BINS_PER_OCTAVE = 8;
const BINS = 128;

/** A count fades to half in this many rows: 31 days of 5 min. */
const HALF_LIFE_ROWS = 9000;
const GROWTH = 2 ** (1 / HALF_LIFE_ROWS);
/** The record fades far slower: a year of 5 min. */
const RECORD_FADING = 2 ** (-1 / 100_000);
const WEIGHT_MAX = 1e6;

/** A record is one for so long, so that what grows slowly is held against the record before it began, not against its own last step. */
const HOLD_ROWS = 60;
/** Before, nothing is known to be rare. */
const WARMUP_ROWS = 100;
const TINY = 1e-12;
const OUTER_SHARE = 0.1;

// Where what stands in the tail's numbers.
const ROWS = 0;
const WEIGHT = 1;
const TOTAL = 2;
const TOP = 3;
const LARGEST = 4;
const COMING = 5;
const FIRST_BIN = 6;

export const TAIL_LENGTH = FIRST_BIN + BINS;

/** Magnitude that a share of all counts reach. */
function reachedBy(state: Float64Array, share: number): number {
  const wanted = at(state, TOTAL) * share;
  let above = 0;
  for (let bin = 0; bin < BINS; bin++) {
    above += at(state, FIRST_BIN + bin);
    if (above >= wanted) return 2 ** ((at(state, TOP) - bin + 0.5) / BINS_PER_OCTAVE);
  }
  return 0;
}

/** Count above a magnitude; within its bin by proportion. */
function countAbove(state: Float64Array, magnitude: number): number {
  const exact = Math.log2(magnitude + TINY) * BINS_PER_OCTAVE;
  const bin = at(state, TOP) - Math.floor(exact);
  if (bin < 0) return 0;
  let above = 0;
  for (let i = 0; i < Math.min(bin, BINS); i++) above += at(state, FIRST_BIN + i);
  return bin < BINS ? above + at(state, FIRST_BIN + bin) * (1 - (exact - Math.floor(exact))) : above;
}

/**
 * Minus the decimal logarithm of the share that is as large: 2 is one of a hundred. A record counts by how far it lies beyond the
 * one before, measured in the width of the outer tenth.
 */
export function rarity(state: Float64Array, magnitude: number): number {
  if (at(state, ROWS) < WARMUP_ROWS) return 0;
  const one = at(state, WEIGHT);
  const total = at(state, TOTAL);
  const largest = at(state, LARGEST);
  const record = magnitude > largest;
  const above = record ? 0 : countAbove(state, magnitude);
  const rare = -Math.log10((above + one / 2) / (total + one));
  if (!record) return rare;
  return rare + (magnitude - largest) / (largest * 1.01 - reachedBy(state, OUTER_SHARE) + 1e-9);
}

/** Makes room above for larger ones; the smallest are lumped together. */
function raise(state: Float64Array, top: number): void {
  const first = FIRST_BIN;
  const by = Math.min(BINS, top - at(state, TOP));
  let lost = 0;
  for (let i = BINS - by; i < BINS; i++) lost += at(state, first + i);
  state.copyWithin(first + by, first, first + BINS - by);
  state.fill(0, first, first + by);
  state[first + BINS - 1] = at(state, first + BINS - 1) + lost;
  state[TOP] = top;
}

function shrinkWeights(state: Float64Array): void {
  const factor = 1 / at(state, WEIGHT);
  for (let i = FIRST_BIN; i < TAIL_LENGTH; i++) state[i] = at(state, i) * factor;
  state[TOTAL] = at(state, TOTAL) * factor;
  state[WEIGHT] = 1;
}

export function count(state: Float64Array, magnitude: number): void {
  const rows = at(state, ROWS);
  const top = Math.floor(Math.log2(magnitude + TINY) * BINS_PER_OCTAVE);
  if (rows === 0) {
    state[TOP] = top;
    state[WEIGHT] = 1;
  } else if (top > at(state, TOP)) raise(state, top);
  // Newer counts weigh more: the same as letting all older ones fade, and much cheaper.
  const weight = at(state, WEIGHT) * GROWTH;
  const bin = FIRST_BIN + Math.min(BINS - 1, at(state, TOP) - top);
  state[ROWS] = rows + 1;
  state[WEIGHT] = weight;
  state[bin] = at(state, bin) + weight;
  state[TOTAL] = at(state, TOTAL) + weight;
  if (weight > WEIGHT_MAX) shrinkWeights(state);
  state[COMING] = Math.max(magnitude, at(state, COMING));
  state[LARGEST] = at(state, LARGEST) * RECORD_FADING;
  if ((rows + 1) % HOLD_ROWS !== 0 && rows >= WARMUP_ROWS) return;
  state[LARGEST] = Math.max(at(state, COMING), at(state, LARGEST));
  state[COMING] = 0;
}
