import { HubError } from '../contract/errors.ts';
import type { ColumnBatch, SampleBatch } from '../contract/metrics.ts';
import { AT_MAX, KEY_LENGTH_MAX, validBytes, type EncodedBatch } from './encode.ts';
import type { Column, TableShape } from './schema.ts';

const invalid = (message: string): HubError => new HubError('metrics_invalid', message, { status: 400 });
const TWO_32 = 4_294_967_296;
/** Above it neighbours are more than 1 apart; as a counter it is a mistake, and it would not fit 64 bits once scaled. */
const COUNTER_MAX = 2 ** 63;

function checkNames(shape: TableShape, { entities, devices }: ColumnBatch): void {
  const isWrong = (name: string): boolean => name === '' || name.length > KEY_LENGTH_MAX;
  if (entities.some(isWrong) || devices?.some(isWrong))
    throw invalid(`Rows of ${shape.table} need names of 1 to ${KEY_LENGTH_MAX} characters.`);
  if (shape.hasDevice !== (devices !== undefined) || (devices !== undefined && devices.length !== entities.length))
    throw invalid(`${shape.table} ${shape.hasDevice ? 'needs a device for each row' : 'has no devices'}.`);
}

/** Fills a column's cells and validity bits; returns how many are missing. */
function putColumn(given: Float64Array, column: Column, target: { doubles: Float64Array; halves: Uint32Array; valid: Uint8Array }): number {
  const { doubles, halves, valid } = target;
  const { scale } = column;
  const isCounter = column.kind === 'counter';
  let missing = 0;
  for (let index = 0; index < given.length; index++) {
    const value = given[index]!;
    if (value - value !== 0) {
      missing++;
      continue;
    }
    valid[index >> 3]! |= 1 << (index & 7);
    if (!isCounter) {
      doubles[index] = value;
      continue;
    }
    const whole = Math.round(value * scale);
    if (whole >= COUNTER_MAX || whole < -COUNTER_MAX) throw invalid(`The counter value ${value} does not fit 64 bits.`);
    const high = Math.floor(whole / TWO_32);
    halves[2 * index] = whole - high * TWO_32;
    halves[2 * index + 1] = high;
  }
  return missing;
}

/** `encodeBatch` for columns. Columns of other tables are left to other calls. Errors: `metrics_invalid`. */
export function encodeColumns(shape: TableShape, batch: ColumnBatch): EncodedBatch {
  const rows = batch.entities.length;
  if (!Number.isFinite(batch.at) || Math.abs(batch.at) > AT_MAX) throw invalid(`The instant ${batch.at} is not epoch milliseconds.`);
  checkNames(shape, batch);
  const bytes = validBytes(rows);
  const values = new ArrayBuffer(shape.columns.length * rows * 8);
  const valid = new ArrayBuffer(shape.columns.length * bytes);
  let missing = 0;
  for (const [k, column] of shape.columns.entries()) {
    const given = batch.columns[column.name];
    if (given !== undefined && given.length !== rows)
      throw invalid(`The column ${column.name} has ${given.length} values for ${rows} rows.`);
    if (given === undefined) missing += rows;
    else
      missing += putColumn(given, column, {
        doubles: new Float64Array(values, k * rows * 8, rows),
        halves: new Uint32Array(values, k * rows * 8, rows * 2),
        valid: new Uint8Array(valid, k * bytes, bytes),
      });
  }
  const names = { entities: batch.entities, devices: batch.devices ?? [] };
  return { table: shape.name, at: batch.at, rows, names, values, valid: missing > 0 ? valid : null };
}

/** The same samples by rows, for those who follow what is written. */
export const rowsOf = ({ table, at, entities, devices, columns }: ColumnBatch): SampleBatch => ({
  table,
  at,
  rows: entities.map((entity, index) => ({
    entity,
    ...(devices && { device: devices[index]! }),
    values: Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, Number.isFinite(values[index]) ? values[index]! : null]),
    ),
  })),
});
