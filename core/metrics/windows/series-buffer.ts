import type { SeriesSamples } from './functions.ts';

const ROWS_MIN = 64;
const NOTHING = new Float64Array();

/** Samples of one series as they come in; in order of time when they are asked for. */
export class SeriesBuffer {
  #at: Float64Array = NOTHING;
  #values: Float64Array = NOTHING;
  #count = 0;
  #isSorted = true;
  /** The arrays are somebody else's, who keeps them: full, so that whatever comes goes into arrays of its own. */
  #isShared = false;

  /** NaN is a missing value and left out. */
  push(at: number, value: number): void {
    if (value !== value) return;
    if (this.#count === this.#at.length) this.#grow(1);
    if (this.#count > 0 && at <= this.#at[this.#count - 1]!) this.#isSorted = false;
    this.#at[this.#count] = at;
    this.#values[this.#count++] = value;
  }

  /** Rows of arrays that stay as they are: not copied where they are all there is. */
  shareAll(at: Float64Array, values: Float64Array, range: { from: number; to: number }): void {
    if (this.#count > 0 || !isClean(at, values, range)) return this.pushAll(at, values, range);
    this.#at = at.subarray(range.from, range.to);
    this.#values = values.subarray(range.from, range.to);
    this.#count = range.to - range.from;
    this.#isShared = true;
  }

  pushAll(at: Float64Array, values: Float64Array, { from, to }: { from: number; to: number }): void {
    if (this.#count + to - from > this.#at.length) this.#grow(to - from);
    for (let row = from; row < to; row++) this.push(at[row]!, values[row]!);
  }

  /** Growth since the sample before, or where there is a base the value itself. */
  pushGrowth(columns: { at: Float64Array; growth: Float64Array; base: Float64Array }, { from, to }: { from: number; to: number }): void {
    let value = this.#count > 0 ? this.#values[this.#count - 1]! : Number.NaN;
    for (let row = from; row < to; row++) {
      const base = columns.base[row]!;
      const growth = columns.growth[row]!;
      if (base === base) value = base;
      else if (growth === growth) value += growth;
      else continue;
      this.push(columns.at[row]!, value);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Values divided by `scale`; of two samples at one instant the later one. */
  samples(scale: number): SeriesSamples {
    if (!this.#isSorted) this.#sort();
    const at = this.#at.subarray(0, this.#count);
    const given = this.#values.subarray(0, this.#count);
    const values = this.#isShared && scale !== 1 ? given.slice() : given;
    if (scale !== 1) for (let k = 0; k < values.length; k++) values[k]! /= scale;
    return { at, values };
  }

  #grow(by: number): void {
    const length = Math.max(ROWS_MIN, this.#at.length * 2, this.#count + by);
    const [at, values] = [new Float64Array(length), new Float64Array(length)];
    at.set(this.#at.subarray(0, this.#count));
    values.set(this.#values.subarray(0, this.#count));
    this.#at = at;
    this.#values = values;
    this.#isShared = false;
  }

  #sort(): void {
    const order = Array.from({ length: this.#count }, (_, index) => index).toSorted((a, b) => this.#at[a]! - this.#at[b]! || a - b);
    const [at, values] = [this.#at, this.#values];
    this.#at = new Float64Array(this.#count);
    this.#values = new Float64Array(this.#count);
    this.#count = 0;
    for (const index of order) {
      if (this.#count > 0 && this.#at[this.#count - 1] === at[index]) this.#count--;
      this.#at[this.#count] = at[index]!;
      this.#values[this.#count++] = values[index]!;
    }
    this.#isSorted = true;
  }
}

/** Nothing is missing, and all is in the order of time. */
function isClean(at: Float64Array, values: Float64Array, { from, to }: { from: number; to: number }): boolean {
  for (let row = from; row < to; row++) if (values[row] !== values[row] || (row > from && at[row]! <= at[row - 1]!)) return false;
  return true;
}
