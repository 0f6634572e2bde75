import type { Unit } from 'novacron/plugin';

/** How numbers of a unit are written on an axis: divided by `divisor`, with `suffix`. */
export interface Scale {
  readonly divisor: number;
  readonly suffix: string;
}

const KIBI = 1024;
const BYTE_SUFFIXES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const COUNT_SUFFIXES = ['', ' k', ' M', ' G', ' T'];
const DURATIONS: readonly Scale[] = [
  { divisor: 86_400, suffix: ' d' },
  { divisor: 3600, suffix: ' h' },
  { divisor: 60, suffix: ' min' },
  { divisor: 1, suffix: ' s' },
  { divisor: 1e-3, suffix: ' ms' },
];

function power(peak: number, base: number, suffixes: readonly string[]): Scale {
  const exponent = peak < base ? 0 : Math.min(suffixes.length - 1, Math.floor(Math.log(peak) / Math.log(base)));
  return { divisor: base ** exponent, suffix: suffixes[exponent] ?? '' };
}

function bytes(peak: number, per: string): Scale {
  const { divisor, suffix } = power(peak, KIBI, BYTE_SUFFIXES);
  return { divisor, suffix: ` ${suffix}${per}` };
}

/** The scale that writes `peak`, the largest magnitude to be shown, with few digits. */
export function scaleOf(unit: Unit, peak: number): Scale {
  const count = power(peak, 1000, COUNT_SUFFIXES);
  switch (unit) {
    case 'bytes':
      return bytes(peak, '');
    case 'bytesPerSecond':
      return bytes(peak, '/s');
    case 'ratio':
      return { divisor: 0.01, suffix: ' %' };
    case 'seconds':
      return DURATIONS.find(({ divisor }) => peak >= divisor) ?? { divisor: 1e-3, suffix: ' ms' };
    case 'count':
      return count;
    case 'countPerSecond':
      return { divisor: count.divisor, suffix: `${count.suffix}/s` };
  }
}

/** At most three significant digits: `12.4`, `0.031`, `1,240`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: Math.abs(value) >= 100 ? 4 : 3, useGrouping: true });
}

/** A value in words, for sentences: `24.1 %`, `1.5 GiB`. */
export function formatValue(value: number, unit: Unit): string {
  const { divisor, suffix } = scaleOf(unit, Math.abs(value));
  return `${formatNumber(value / divisor)}${suffix}`;
}
