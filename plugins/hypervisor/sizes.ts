import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
// Without the flag `i`: a JSON Schema has only the pattern.
const SIZE = /^\s*(\d{1,15}(?:\.\d{1,3})?)\s*([kmgtKMGT]?)(?:i?[bB])?\s*$/;

const KIB = 2 ** 10;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** `512M`, `2G`, `1.5GiB`, `96 MB` (all binary), or a number of bytes. NaN when it is none of these. */
export function parseBytes(text: string): number {
  const [, figure, unit] = SIZE.exec(text) ?? [];
  return figure === undefined ? Number.NaN : Math.round(Number(figure) * (UNITS[(unit ?? '').toLowerCase()] ?? Number.NaN));
}

/** A size that a person writes, in bytes after parsing; what comes out may go in again. */
export const sizeBytes = (minBytes: number, maxBytes: number) =>
  z.coerce
    .string()
    .regex(SIZE, 'A size is a number with K, M, G or T: 512M, 2G.')
    // Hypervisors count in KiB: what is wanted and what is made must be the same figure.
    .transform((text) => Math.ceil(parseBytes(text) / KIB) * KIB)
    .pipe(
      z
        .int()
        .min(minBytes, `At least ${formatBytes(minBytes)}.`)
        .max(maxBytes, `At most ${formatBytes(maxBytes)}.`),
    );

/** `96 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), steps.length - 1);
  const figure = bytes / 2 ** (10 * power);
  return `${Number.isInteger(figure) ? figure : figure.toFixed(figure < 10 ? 1 : 0)} ${steps[power]}`;
}

/** `3 min`, `5 h`, `12 days`. */
export function formatAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}
