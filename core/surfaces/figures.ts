/** Names and figures as people write them: our field names end in their unit, so the name says how to write the value. */

const UNIT_ENDINGS = ['Bytes', 'Seconds', 'Ms', 'Ratio', 'At'] as const;
export type UnitEnding = (typeof UNIT_ENDINGS)[number];

/** `memoryBytes` ends in `Bytes`; `bytes` alone is a word of its own. */
export const unitEndingOf = (name: string): UnitEnding | null =>
  UNIT_ENDINGS.find((ending) => name.endsWith(ending) && name.length > ending.length) ?? null;

export const withoutUnit = (name: string): string => name.slice(0, name.length - (unitEndingOf(name)?.length ?? 0));

/** `memoryBytes` -> `memory-bytes`. */
export const toKebab = (name: string): string => name.replace(/([a-z0-9])([A-Z])/gu, '$1-$2').toLowerCase();

/** `memoryBytes` -> `Memory`, `vm` -> `VM`, `stepSeconds` -> `Step`. */
export function labelOf(name: string): string {
  const words = toKebab(withoutUnit(name)).split(/[-_.\s]+/u);
  const written = words.map((word) => (ABBREVIATIONS.has(word) ? word.toUpperCase() : word)).join(' ');
  return written.replace(/^vcpus\b/u, 'vCPUs').replace(/^\p{Ll}(?!CPU)/u, (letter) => letter.toUpperCase());
}

const ABBREVIATIONS = new Set(['vm', 'cpu', 'id', 'uri', 'url', 'ip', 'mac', 'sql', 'uuid', 'iso', 'os']);

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function formatBytes(bytes: number): string {
  const step = bytes === 0 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(bytes)) / 10)));
  return `${roundTo(bytes / 1024 ** step, 1)} ${BYTE_UNITS[step] ?? 'B'}`;
}

export function formatSeconds(seconds: number): string {
  if (Math.abs(seconds) < 1) return `${roundTo(seconds * 1000, 0)} ms`;
  if (Math.abs(seconds) < 120) return `${roundTo(seconds, 1)} s`;
  if (Math.abs(seconds) < 7200) return `${roundTo(seconds / 60, 0)} min`;
  return Math.abs(seconds) < 172_800 ? `${roundTo(seconds / 3600, 1)} h` : `${roundTo(seconds / 86_400, 1)} d`;
}

/** `2026-11-23 14:05:09 UTC`; what is no instant stays as it is. */
export function formatInstant(at: number | string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A value of a field as text; `name` says the unit. */
export function formatFigure(name: string, value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const ending = unitEndingOf(name);
  if (ending === 'At' && (typeof value === 'number' || typeof value === 'string')) return formatInstant(value);
  if (typeof value === 'number') return formatNumber(value, ending);
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map((item) => formatFigure(name, item)).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function formatNumber(value: number, ending: UnitEnding | null): string {
  if (!Number.isFinite(value)) return '–';
  if (ending === 'Bytes') return formatBytes(value);
  if (ending === 'Seconds') return formatSeconds(value);
  if (ending === 'Ms') return formatSeconds(value / 1000);
  if (ending === 'Ratio') return `${roundTo(value * 100, 1)} %`;
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

function roundTo(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/u, '') : text;
}
