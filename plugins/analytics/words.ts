import { HubError } from 'novacron/plugin';

const UNIT_WORDS = /(Bytes|Ratio|Seconds|Ops|Packets)$/;
const FACTOR: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `vm.cpuRatio` -> `CPU`, `vm.memoryUsedBytes` -> `memory used`, `vm.disk.readBytes` -> `disk read`. */
export function metricWords(metric: string): string {
  const words = metric
    .replace(/^vm\./, '')
    .replace(UNIT_WORDS, '')
    .replaceAll('.', ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll(/\bcpu\b/g, 'CPU')
    .replaceAll(/\bnic\b/g, 'network');
  return words === '' ? metric : words;
}

/** `6h`, `90m`, `7d` in seconds. HubError `input_invalid` when it is none of those or outside 30 min .. 14 days. */
export function parseHorizon(text: string): number {
  const [, digits = '', letter = ''] =
    /^(\d{1,5})\s*(m|h|d|w)(?:in|ins|inutes?|rs?|ours?|ays?|eeks?)?$/.exec(text.trim().toLowerCase()) ?? [];
  const seconds = Number(digits) * (FACTOR[letter] ?? Number.NaN);
  if (seconds >= 1800 && seconds <= 14 * 86_400) return seconds;
  throw new HubError('input_invalid', `'${text}' is no horizon. Give minutes, hours or days between 30m and 14d, like 6h, 24h or 7d.`, {
    status: 422,
  });
}
