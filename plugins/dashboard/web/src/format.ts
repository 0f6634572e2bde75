import type { Tone, Unit } from 'novacron/plugin';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function formatBytes(bytes: number): string {
  const step = bytes === 0 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(bytes)) / 10)));
  const figure = bytes / 1024 ** step;
  return `${figure.toFixed(figure >= 100 || Number.isInteger(figure) ? 0 : 1)} ${BYTE_UNITS[step] ?? 'B'}`;
}

export const formatRatio = (ratio: number): string => `${(ratio * 100).toFixed(ratio > 0 && ratio < 0.0995 ? 1 : 0)} %`;

export function formatValue(value: number, unit: Unit): string {
  if (unit === 'ratio') return formatRatio(value);
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'bytesPerSecond') return `${formatBytes(value)}/s`;
  const figure = Number.isInteger(value) ? String(value) : value.toPrecision(3);
  if (unit === 'seconds') return `${figure} s`;
  return unit === 'countPerSecond' ? `${figure}/s` : figure;
}

/** `14:05`, with the day when it was another day. */
export function formatInstant(at: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, isToday ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}

export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${Math.max(0, ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

const STATE_TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  succeeded: 'good',
  connected: 'good',
  creating: 'busy',
  queued: 'busy',
  cancelling: 'busy',
  'shutting-down': 'busy',
  paused: 'warn',
  suspended: 'warn',
  waiting: 'warn',
  undone: 'warn',
  unknown: 'warn',
  crashed: 'bad',
  missing: 'bad',
  failed: 'bad',
  unreachable: 'bad',
};

export const toneOf = (state: string): Tone => (Object.hasOwn(STATE_TONES, state) ? STATE_TONES[state] : undefined) ?? 'idle';
