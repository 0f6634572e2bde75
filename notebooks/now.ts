/** What the notebook calls now: the instant that a report is run for, so that the same run reads the same data again. */
export const now = (): Date => new Date(Number(process.env['NOVACRON_AT'] ?? Date.now()));

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `-7d` and `now` count from `now()`; instants are taken as they are. */
export function instantOf(at: string | Date): string {
  if (typeof at !== 'string') return at.toISOString();
  if (at === 'now') return now().toISOString();
  const [, count, unit] = /^-(-?\d{1,6}(?:\.\d+)?)([smhdw])$/u.exec(at) ?? [];
  if (count === undefined || unit === undefined) return at;
  if (Number(count) <= 0) throw new RangeError(`'${at}' reaches back over no time: a number above 0 is needed, as in -7d.`);
  return new Date(now().getTime() - Number(count) * (UNIT_MS[unit] ?? 0)).toISOString();
}
