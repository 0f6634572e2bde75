import type { ColumnBatch } from 'novacron/plugin';

/** Where a sample stands in a message, and which cell of which batch it is. */
export interface SampleAt {
  /** Of its 8 bytes of value; the tag and the bytes of its instant follow. */
  readonly valueAt: number;
  readonly endAt: number;
  readonly batch: number;
  /** Of all cells of all batches, column after column. */
  readonly cell: number;
}

export interface Layouts {
  /** What a message holds that is laid out as one before; else null. */
  match(message: Uint8Array): ColumnBatch[] | null;
  /** `samples`: all of the message, filling every cell of the batches that it became. */
  keep(message: Uint8Array, of: { readonly batches: readonly ColumnBatch[]; readonly samples: readonly SampleAt[] }): void;
}

/**
 * A sender sends the same series in the same order again and again: then only values and instants differ between two messages. They are patched into a copy of the
 * message before; when the two are the same then, so is everything else, and each value is known to belong to the cell that its predecessor was put into.
 */
interface Layout {
  readonly message: Buffer;
  readonly view: DataView;
  readonly valueAt: Int32Array;
  readonly batchOf: Int32Array;
  readonly cellOf: Int32Array;
  readonly batches: readonly ColumnBatch[];
}

/** Layouts of a few senders (or of one sender's shards) by the lengths of their messages. */
const LAYOUTS_MAX = 16;
/** Epoch milliseconds from 2004 to 2109 take six bytes; others are read in the usual way. */
const INSTANT_BYTES = 6;
const VALUE_BYTES = 8;

const isUsual = ({ valueAt, endAt }: SampleAt): boolean => endAt - valueAt === VALUE_BYTES + 1 + INSTANT_BYTES;

function readInstant(message: Uint8Array, from: number): number {
  let at = 0;
  for (let k = INSTANT_BYTES - 1; k >= 0; k--) at = at * 128 + (message[from + k]! & 127);
  return at;
}

/** The cells of a message, and the instant of each batch; null where the samples of a batch are not of one instant, or one has no value. */
function readCells(layout: Layout, message: Uint8Array): { cells: Float64Array; instants: number[] } | null {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const { valueAt, batchOf, cellOf, view: known } = layout;
  const cells = new Float64Array(valueAt.length);
  const high = new Uint32Array(layout.batches.length);
  const low = new Uint16Array(layout.batches.length);
  const instants: number[] = Array.from(high, () => Number.NaN);
  for (let index = 0; index < valueAt.length; index++) {
    const from = valueAt[index]!;
    const batch = batchOf[index]!;
    const first = view.getUint32(from + VALUE_BYTES + 1);
    const last = view.getUint16(from + VALUE_BYTES + 5);
    if (Number.isNaN(instants[batch])) {
      instants[batch] = readInstant(message, from + VALUE_BYTES + 1);
      high[batch] = first;
      low[batch] = last;
    } else if (high[batch] !== first || low[batch] !== last) return null;
    const value = view.getFloat64(from, true);
    if (Number.isNaN(value)) return null;
    cells[cellOf[index]!] = value;
    known.setFloat64(from, value, true);
    known.setUint32(from + VALUE_BYTES + 1, first);
    known.setUint16(from + VALUE_BYTES + 5, last);
  }
  return { cells, instants };
}

/** Whether the batches of a table are of one instant after the other, as they were: two at one instant would be one. */
const isInOrder = (batches: readonly ColumnBatch[], instants: readonly number[]): boolean =>
  batches.every(({ table }, index) => table !== batches[index - 1]?.table || instants[index]! > instants[index - 1]!);

function fill(batches: readonly ColumnBatch[], cells: Float64Array, instants: readonly number[]): ColumnBatch[] {
  let from = 0;
  return batches.map((batch, index) => {
    const rows = batch.entities.length;
    const columns = Object.keys(batch.columns).map((name) => [name, cells.subarray(from, (from += rows))] as const);
    return { ...batch, at: instants[index]!, columns: Object.fromEntries(columns) };
  });
}

export function createLayouts(): Layouts {
  const known = new Map<number, Layout>();
  return {
    match(message) {
      const layout = known.get(message.length);
      if (layout === undefined) return null;
      const read = readCells(layout, message);
      if (read === null || !isInOrder(layout.batches, read.instants)) return null;
      return Buffer.compare(layout.message, message) === 0 ? fill(layout.batches, read.cells, read.instants) : null;
    },
    keep(message, { batches, samples }) {
      if (!samples.every(isUsual)) return;
      if (known.size >= LAYOUTS_MAX) known.clear();
      const copy = Buffer.from(message);
      known.set(message.length, {
        message: copy,
        view: new DataView(copy.buffer, copy.byteOffset, copy.byteLength),
        valueAt: Int32Array.from(samples, ({ valueAt }) => valueAt),
        batchOf: Int32Array.from(samples, ({ batch }) => batch),
        cellOf: Int32Array.from(samples, ({ cell }) => cell),
        batches: batches.map((batch) => ({
          ...batch,
          columns: Object.fromEntries(Object.keys(batch.columns).map((name) => [name, EMPTY])),
        })),
      });
    },
  };
}

const EMPTY = new Float64Array(0);
