/** People who take turns. Wall-clock time of the zone decides, so a change to summer time moves no handover. */
export interface Rotation {
  readonly timeZone: string;
  /** First day of the first person: `2026-01-05`. */
  readonly startsOn: string;
  /** `09:00` */
  readonly handoverAt: string;
  readonly everyDays: number;
  readonly people: readonly string[];
}

/** Somebody stands in; of several, the one that was made last. */
export interface Override {
  readonly rotation: string;
  readonly person: string;
  /** Epoch milliseconds, `from` included, `to` excluded. */
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'short', hourCycle: 'h23' });
  formats.set(timeZone, made);
  return made;
}

/** Days since 1970 of the local date, and the minute of the local day. */
function localTime(at: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const parts = Object.fromEntries(
    formatFor(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return { day: Date.UTC(year, month - 1, day) / DAY_MS, minute: hour * 60 + minute };
}

function turnOfDay({ timeZone, startsOn, handoverAt, everyDays }: Rotation, at: number): number {
  const { day, minute } = localTime(at, timeZone);
  const [hours = 0, minutes = 0] = handoverAt.split(':').map(Number);
  const shiftDay = minute < hours * 60 + minutes ? day - 1 : day;
  return Math.floor((shiftDay - Date.parse(startsOn) / DAY_MS) / everyDays);
}

/** How far local time is ahead of UTC. */
function aheadMs(timeZone: string, at: number): number {
  const { day, minute } = localTime(at, timeZone);
  return day * DAY_MS + minute * MINUTE_MS - Math.floor(at / MINUTE_MS) * MINUTE_MS;
}

const TWICE_MINUTES_MAX = 120;

/** In the hour that comes twice in autumn nobody is handed back what was handed over in it the first time. */
function turnAt(rotation: Rotation, at: number): number {
  const turn = turnOfDay(rotation, at);
  const { timeZone } = rotation;
  if (aheadMs(timeZone, at) >= aheadMs(timeZone, at - TWICE_MINUTES_MAX * MINUTE_MS)) return turn;
  return Array.from({ length: TWICE_MINUTES_MAX }, (_, ago) => turnOfDay(rotation, at - ago * MINUTE_MS)).reduce(
    (a, b) => Math.max(a, b),
    turn,
  );
}

const personOf = ({ people }: Rotation, turn: number): string => people[((turn % people.length) + people.length) % people.length] ?? '';

const standIn = (overrides: readonly Override[], name: string, at: number): Override | undefined =>
  overrides.findLast(({ rotation, from, to }) => rotation === name && from <= at && at < to);

/** Who is on call at an instant. `overrides` in the order in which they were made. */
export const onCall = (rotation: Rotation, name: string, { at, overrides }: { at: number; overrides: readonly Override[] }): string =>
  standIn(overrides, name, at)?.person ?? personOf(rotation, turnAt(rotation, at));

/** The next instant, to the minute, at which the turn ends. */
export function handoverAfter(rotation: Rotation, at: number): number {
  const turn = turnAt(rotation, at);
  let [low, high] = [at, at + (rotation.everyDays + 1) * DAY_MS];
  while (high - low > MINUTE_MS) {
    const middle = Math.floor((low + high) / 2);
    if (turnAt(rotation, middle) === turn) low = middle;
    else high = middle;
  }
  return Math.floor(high / MINUTE_MS) * MINUTE_MS;
}

export const isTimeZone = (name: string): boolean => {
  try {
    return formatFor(name) !== undefined;
  } catch {
    return false;
  }
};
