import { HubError } from '../contract/errors.ts';
import type { SampleBatch, SampleRow } from '../contract/metrics.ts';
import type { Column, TableShape } from './schema.ts';

/**
 * A batch as columns, ready to be moved to the store's thread. `values` holds one block of `rows` 64-bit cells for each declared column
 * (BIGINT or DOUBLE), `valid` one bit a cell in blocks of `validBytes`, as DuckDB keeps them; null when no cell is missing.
 */
export interface EncodedBatch {
  readonly table: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly rows: number;
  /** Null: those of the table's last batch, in the same order. */
  readonly names: BatchNames | null;
  readonly values: ArrayBuffer;
  readonly valid: ArrayBuffer | null;
}

export interface BatchNames {
  readonly entities: readonly string[];
  /** Empty for tables without devices. */
  readonly devices: readonly string[];
}

export const KEY_LENGTH_MAX = 200;
const TWO_32 = 4_294_967_296;
const INT64_MAX = 2 ** 63;
/** The year 5138: later instants are a unit mistaken for another. */
export const AT_MAX = 100_000_000_000_000;

/** Bytes of one column's validity bits: whole 64-bit words. */
export const validBytes = (rows: number): number => Math.ceil(rows / 64) * 8;

const invalid = (message: string): HubError => new HubError('metrics_invalid', message, { status: 400 });

interface Cells {
  readonly shape: TableShape;
  readonly rows: number;
  readonly doubles: Float64Array;
  readonly halves: Uint32Array;
  readonly longs: BigInt64Array;
  readonly valid: Uint8Array;
  missing: number;
}

/** A number becomes two 32-bit halves: a BigInt for each cell would cost three times as much. */
function putInteger(cells: Cells, cell: number, whole: number): void {
  const high = Math.floor(whole / TWO_32);
  cells.halves[2 * cell] = whole - high * TWO_32;
  cells.halves[2 * cell + 1] = high;
}

function putCounter(cells: Cells, cell: number, whole: number | bigint): boolean {
  if (typeof whole === 'bigint') {
    if (BigInt.asIntN(64, whole) !== whole) throw invalid(`The counter value ${whole} does not fit 64 bits.`);
    cells.longs[cell] = whole;
    return true;
  }
  if (!Number.isFinite(whole)) return false;
  if (whole >= INT64_MAX || whole < -INT64_MAX) throw invalid(`The counter value ${whole} does not fit 64 bits.`);
  putInteger(cells, cell, whole);
  return true;
}

function putGauge(cells: Cells, cell: number, value: number | bigint): boolean {
  const number = Number(value);
  if (!Number.isFinite(number)) return false;
  cells.doubles[cell] = number;
  return true;
}

function checkRow(shape: TableShape, row: SampleRow): void {
  if (row.entity === '' || row.entity.length > KEY_LENGTH_MAX) {
    throw invalid(`A row of ${shape.table} needs an entity of 1 to ${KEY_LENGTH_MAX} characters.`);
  }
  if (!shape.hasDevice && row.device !== undefined)
    throw invalid(`Rows of ${shape.table} have no device: declare a table with a part, such as ${shape.table}.disk.`);
  if (shape.hasDevice && (!row.device || row.device.length > KEY_LENGTH_MAX)) {
    throw invalid(`A row of ${shape.table} needs a device of 1 to ${KEY_LENGTH_MAX} characters.`);
  }
}

/** For rows with more keys than values: the rest must be declared names given as undefined. */
function checkNames(shape: TableShape, row: SampleRow): void {
  const known = new Set(shape.columns.map((column) => column.name));
  const name = Object.keys(row.values).find((key) => row.values[key] !== undefined && !known.has(key));
  if (name === undefined) return;
  throw new HubError(
    'metrics_unknown',
    `The plugin ${shape.plugin} declares no metric "${shape.table}.${name}". Declare it under metrics, then write it.`,
    { status: 404 },
  );
}

/** A counter as it is stored: of seconds, a number is seconds and a bigint whole nanoseconds. */
const stored = (value: number | bigint, column: Column): number | bigint =>
  typeof value === 'bigint' ? value : Math.round(value * column.scale);

function putRow(cells: Cells, row: SampleRow, index: number): void {
  const { values } = row;
  const { shape, rows } = cells;
  const bytes = validBytes(rows);
  let seen = 0;
  for (let k = 0; k < shape.columns.length; k++) {
    const column = shape.columns[k]!;
    const value = values[column.name];
    if (value !== undefined) seen++;
    const cell = k * rows + index;
    const isThere =
      value != null && (column.kind === 'counter' ? putCounter(cells, cell, stored(value, column)) : putGauge(cells, cell, value));
    if (isThere) cells.valid[k * bytes + (index >> 3)]! |= 1 << (index & 7);
    else cells.missing++;
  }
  let given = 0;
  for (const _ in values) given++;
  if (given !== seen) checkNames(shape, row);
}

/** Checks a batch and turns it into columns. A NaN or infinite value is a missing one. Errors: `metrics_invalid`, `metrics_unknown`. */
export function encodeBatch(shape: TableShape, batch: SampleBatch): EncodedBatch {
  const rows = batch.rows.length;
  if (!Number.isFinite(batch.at) || Math.abs(batch.at) > AT_MAX)
    throw invalid(`The instant ${batch.at} of a batch of ${shape.table} is not epoch milliseconds.`);
  const values = new ArrayBuffer(shape.columns.length * rows * 8);
  const valid = new ArrayBuffer(shape.columns.length * validBytes(rows));
  const cells: Cells = {
    shape,
    rows,
    doubles: new Float64Array(values),
    halves: new Uint32Array(values),
    longs: new BigInt64Array(values),
    valid: new Uint8Array(valid),
    missing: 0,
  };
  const entities: string[] = [];
  const devices: string[] = [];
  for (let index = 0; index < rows; index++) {
    const row = batch.rows[index]!;
    checkRow(shape, row);
    entities.push(row.entity);
    if (row.device !== undefined) devices.push(row.device);
    putRow(cells, row, index);
  }
  return { table: shape.name, at: batch.at, rows, names: { entities, devices }, values, valid: cells.missing > 0 ? valid : null };
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((name, index) => name === b[index]));

/** Leaves out names that the thread has from the table's last batch: moving them costs more than the numbers. Batches must be sent in this order. */
export function createNameSaver(): (batch: EncodedBatch) => EncodedBatch {
  const sent = new Map<string, BatchNames>();
  return (batch) => {
    const { names, table } = batch;
    if (names === null) return batch;
    const last = sent.get(table);
    sent.set(table, names);
    const isKnown = last !== undefined && isSame(names.entities, last.entities) && isSame(names.devices, last.devices);
    return isKnown ? { ...batch, names: null } : batch;
  };
}

/** The other end of `createNameSaver`. */
export function createNameKeeper(): (batch: EncodedBatch) => EncodedBatch & { readonly names: BatchNames } {
  const received = new Map<string, BatchNames>();
  return (batch) => {
    const names = batch.names ?? received.get(batch.table);
    if (names === undefined) throw new TypeError(`a first batch of ${batch.table} without names`);
    received.set(batch.table, names);
    return { ...batch, names };
  };
}
