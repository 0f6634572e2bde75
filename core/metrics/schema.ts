import { HubError } from '../contract/errors.ts';
import type { Metric, Unit } from '../contract/metrics.ts';

/** What a plugin declares: tables by key, metrics by name. */
export interface Declared {
  readonly plugin: string;
  readonly metrics: Readonly<Record<string, Readonly<Record<string, Metric>>>> | undefined;
}

export interface Column {
  /** As declared, camelCase. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** Stored integers are divided by this when they are shown: counters of seconds are kept in whole nanoseconds, all else as given. */
  readonly scale: number;
  /** Null for the column of a metric that nobody declares any more. */
  readonly unit: Unit | null;
}

/** One wide table: a plugin's table key, with a column for each metric. */
export interface TableShape {
  /** Name in DuckDB: `monitoring_vm_disk`. */
  readonly name: string;
  /** Short names of the view over hot and sealed rows: `vm_disk`. */
  readonly views: readonly string[];
  readonly plugin: string;
  /** The declared key: `vm.disk`. */
  readonly table: string;
  /** True for tables with a part: `vm.disk`. */
  readonly hasDevice: boolean;
  readonly columns: readonly Column[];
}

const PLUGIN = /^[a-z][a-z0-9-]{0,39}$/;
const TABLE = /^[a-z][a-zA-Z0-9-]{0,39}(\.[a-z][a-zA-Z0-9-]{0,39})?$/;
const METRIC = /^[a-z][a-zA-Z0-9]{0,62}$/;
/** Columns that every table or Parquet file has itself. */
const RESERVED = new Set(['at', 'time', 'ts', 'day', 'part', 'entity', 'device', 'entity_id', 'device_id']);
const NANOSECONDS = 1_000_000_000;

const flat = (name: string): string => name.replaceAll(/[.-]/g, '_').toLowerCase();

export const scaleOf = (kind: 'counter' | 'gauge', isSeconds: boolean): number => (kind === 'counter' && isSeconds ? NANOSECONDS : 1);

function nameRefused(what: string, name: string, rule: RegExp | string): HubError {
  return new HubError('metrics_name_invalid', `The ${what} "${name}" is not a usable name. Choose one that fits ${String(rule)}.`, {
    status: 400,
  });
}

function columnsOf(table: string, metrics: Readonly<Record<string, Metric>>): Column[] {
  const taken = new Set<string>();
  return Object.entries(metrics).map(([name, metric]) => {
    const folded = name.toLowerCase();
    if (!METRIC.test(name) || RESERVED.has(folded)) throw nameRefused('metric', `${table}.${name}`, METRIC);
    if (taken.has(folded)) throw nameRefused('metric', `${table}.${name}`, 'no other metric of the table but for upper and lower case');
    taken.add(folded);
    return { name, kind: metric.kind, scale: scaleOf(metric.kind, metric.unit === 'seconds'), unit: metric.unit };
  });
}

/** The tables that the declarations ask for. Names become identifiers in SQL, so all of them are checked here and nowhere else. */
export function planTables(declared: readonly Declared[]): TableShape[] {
  const shapes: TableShape[] = [];
  const names = new Set<string>();
  for (const { plugin, metrics } of declared) {
    if (!PLUGIN.test(plugin)) throw nameRefused('plugin', plugin, PLUGIN);
    for (const [table, columns] of Object.entries(metrics ?? {})) {
      if (!TABLE.test(table)) throw nameRefused('metrics table', table, TABLE);
      const name = flat(`${plugin}_${table}`);
      if (names.has(name))
        throw nameRefused('metrics table', `${plugin}:${table}`, 'no other table once dots and dashes become underscores');
      const short = flat(table);
      const views = names.has(short) ? [name] : [name, short];
      for (const view of views) names.add(view);
      shapes.push({ name, views, plugin, table, hasDevice: table.includes('.'), columns: columnsOf(table, columns) });
    }
  }
  return shapes;
}

/** All declared metrics by `<table>.<metric>`, each with the table it lives in. Two plugins may share a table key, never a metric. */
export function indexMetrics(shapes: readonly TableShape[]): Map<string, { shape: TableShape; column: Column }> {
  const index = new Map<string, { shape: TableShape; column: Column }>();
  for (const shape of shapes) {
    for (const column of shape.columns) {
      const key = `${shape.table}.${column.name}`;
      const other = index.get(key);
      if (other) throw nameRefused('metric', key, `a metric of the plugin ${shape.plugin} only: ${other.shape.plugin} declares it as well`);
      index.set(key, { shape, column });
    }
  }
  return index;
}
