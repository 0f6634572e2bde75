import { setImmediate as breathe } from 'node:timers/promises';
import type { LatestSample, Metrics } from 'novacron/plugin';
import type { Row } from './scopes.ts';
import type { Thing, Things } from './things.ts';

/** What the rules of one table look at: a row for each thing (or each device of one), with the newest sample of each. */
export interface TableView {
  readonly rows: readonly Row[];
  readonly things: readonly Thing[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Newest values by metric name; NaN where there is none, or none that is fresh. */
  readonly newest: ReadonlyMap<string, Float64Array>;
  /** Seconds since the newest sample; negative: nobody sampled it since this hub looks, and for how long it looks. */
  readonly ages: Float64Array;
  /** False: the rows are those of the look before. */
  readonly changed: boolean;
}

/** Names a series in a frame of the metrics store. */
export const seriesKey = (entity: string, device?: string | null): string => (device == null ? entity : `${entity}/${device}`);

/** A newest value that is older tells nothing of now. */
const FRESH_MS = 300_000;
/** A device that its own thing has not told of for so long beside its others is gone. */
const DEVICE_GONE_MS = 900_000;
const SLICE = 400;

export interface TablesOptions {
  readonly metrics: Pick<Metrics, 'latest'>;
  readonly things: Things;
}

export interface Tables {
  view(table: string, metrics: ReadonlySet<string>, at: number): Promise<TableView>;
  /** Of the look before. */
  last(table: string): TableView | undefined;
}

const kindOf = (table: string): string => table.split('.')[0] ?? table;

interface Line {
  readonly thing: Thing;
  readonly sample: LatestSample | undefined;
}

/** The devices of one thing that it still has. */
function presentDevices(samples: readonly LatestSample[]): readonly LatestSample[] {
  const newestAt = samples.reduce((newest, { at }) => Math.max(newest, at), -Infinity);
  return samples.filter(({ at }) => newestAt - at <= DEVICE_GONE_MS);
}

function linesOf(things: readonly Thing[], samples: readonly LatestSample[], hasDevice: boolean): Line[] {
  const byEntity = Map.groupBy(samples, ({ entity }) => entity);
  return things.flatMap((thing): Line[] => {
    const own = byEntity.get(thing.id) ?? [];
    return hasDevice ? presentDevices(own).map((sample) => ({ thing, sample })) : [{ thing, sample: own[0] }];
  });
}

const rowOf = ({ kind, id, name, tenant, tags }: Thing, device: string | null): Row => ({
  key: seriesKey(`${kind}/${id}`, device),
  name,
  device,
  tenant,
  tags,
});

const isRowOf = (row: Row | undefined, thing: Thing | undefined, line: Line): row is Row =>
  row !== undefined && thing === line.thing && row.device === (line.sample?.device ?? null);

export function createTables({ metrics, things }: TablesOptions): Tables {
  const views = new Map<string, TableView>();

  async function thingsOf(kind: string, table: string, at: number): Promise<readonly Thing[]> {
    const listed = things.list(kind);
    if (listed.length > 0 || kind === 'vm' || kind === 'host') return listed;
    const ids = [...new Set(metrics.latest(table).map(({ entity }) => entity))];
    await things.learn(kind, ids, at);
    return ids.map((id) => things.find(kind, id)).filter((thing) => thing !== undefined);
  }
  /** In slices: ten thousand things at once would hold up everything else. */
  async function collect(table: string, at: number): Promise<Line[]> {
    const all = await thingsOf(kindOf(table), table, at);
    const hasDevice = table.includes('.');
    const lines: Line[] = [];
    for (let from = 0; from < all.length; from += SLICE) {
      const some = all.slice(from, from + SLICE);
      const ids = some.map(({ id }) => id);
      for (const line of linesOf(some, metrics.latest(table, ids), hasDevice)) lines.push(line);
      await breathe();
    }
    return lines;
  }
  function rowsFor(lines: readonly Line[], before: TableView | undefined) {
    let changed = before?.rows.length !== lines.length;
    const rows = lines.map((line, index): Row => {
      const old = before?.rows[index];
      if (isRowOf(old, before?.things[index], line)) return old;
      changed = true;
      return rowOf(line.thing, line.sample?.device ?? null);
    });
    return { rows, changed };
  }
  function ageOf({ thing, sample }: Line, at: number): number {
    const since = things.knownSince(thing);
    if (sample !== undefined && sample.at >= since) return Math.max(0, (at - sample.at) / 1000);
    // -0 would say that there is a sample.
    return Math.min(-1e-3, (since - at) / 1000);
  }
  return {
    last: (table) => views.get(table),
    async view(table, wanted, at) {
      const lines = await collect(table, at);
      const before = views.get(table);
      const { rows, changed } = rowsFor(lines, before);
      const newest = new Map([...wanted].map((name) => [name, new Float64Array(lines.length).fill(Number.NaN)]));
      const ages = new Float64Array(lines.length);
      for (const [index, line] of lines.entries()) {
        const { sample } = line;
        ages[index] = ageOf(line, at);
        if (index % SLICE === 0) await breathe();
        if (sample === undefined || Math.abs(at - sample.at) > FRESH_MS) continue;
        for (const [name, column] of newest) column[index] = sample.values[name] ?? Number.NaN;
      }
      const indexOf = changed || !before ? indexRows(lines) : before.indexOf;
      const view = {
        rows: changed || !before ? rows : before.rows,
        things: lines.map(({ thing }) => thing),
        indexOf,
        newest,
        ages,
        changed,
      };
      views.set(table, view);
      return view;
    },
  };
}

const indexRows = (lines: readonly Line[]): Map<string, number> =>
  new Map(lines.map(({ thing, sample }, index) => [seriesKey(thing.id, sample?.device), index]));
