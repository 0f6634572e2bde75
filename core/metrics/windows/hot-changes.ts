/** How often something changed in an hour of a table's hot rows: what was read of the hour before is not what it is now. */
export interface HotChanges {
  /** The same as long as nothing has changed. */
  stateOf(table: string, hour: number): string;
  /** After a change was committed; instants in epoch milliseconds, both included. */
  changed(table: string, from: number, to?: number): void;
}

export const HOUR_MS = 3_600_000;
const HOURS_MAX = 100_000;

/** An hour holds the samples after its start up to and including its end, as the buckets of rollups do. */
export const hourOf = (at: number): number => Math.ceil(at / HOUR_MS) - 1;
export const hourStart = (hour: number): number => hour * HOUR_MS;

export function createHotChanges(): HotChanges {
  const counts = new Map<string, number>();
  let era = 0;
  return {
    stateOf: (table, hour) => `${era}.${counts.get(`${table} ${hour}`) ?? 0}`,
    changed(table, from, to = from) {
      const hours = hourOf(to) - hourOf(from) + 1;
      if (counts.size + hours > HOURS_MAX) {
        counts.clear();
        era++;
        return;
      }
      for (let hour = hourOf(from); hour <= hourOf(to); hour++) counts.set(`${table} ${hour}`, (counts.get(`${table} ${hour}`) ?? 0) + 1);
    },
  };
}
