import { ConnectionError } from './errors.ts';

/** A whole number as the 64-bit integer that libvirt wants. */
export function integer64(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new ConnectionError('bad_argument', `${String(value)} is not a whole number up to 2^53; give larger ones as bigint.`);
}
