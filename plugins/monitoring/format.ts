import type { Unit } from 'novacron/plugin';

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const digits = (value: number): string => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3))));

function bytes(value: number): string {
  const power = Math.min(BINARY.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)));
  return `${digits(value / 1024 ** power)} ${BINARY[power]}`;
}

/** A value with its unit, as people write it. */
export function formatValue(value: number | null, unit: Unit | undefined): string {
  if (value === null) return '-';
  switch (unit) {
    case 'bytes':
      return bytes(value);
    case 'bytesPerSecond':
      return `${bytes(value)}/s`;
    case 'countPerSecond':
      return `${digits(value)}/s`;
    case 'ratio':
      return `${digits(value * 100)} %`;
    case 'seconds':
      return `${digits(value)} s`;
    case 'count':
    case undefined:
      return digits(value);
  }
}
