import type { Metric } from 'novacron/plugin';

/** A metric of the hub as Prometheus calls it. */
export interface NamedMetric {
  /** `vm_disk_read_bytes_total` */
  readonly name: string;
  /** `vm.disk.readBytes` */
  readonly key: string;
  /** Resource kind and label of the thing: `vm`. */
  readonly kind: string;
  readonly table: string;
  /** The metric within its table: `readBytes`. */
  readonly column: string;
  readonly hasDevice: boolean;
  readonly metric: Metric;
}

const snake = (text: string): string =>
  text
    .replaceAll(/[.-]/g, '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** `vm.cpuRatio` is `vm_cpu_ratio`; a counter ends in `_total`: `vm_disk_read_bytes_total`. */
export const prometheusName = (key: string, { kind }: Pick<Metric, 'kind'>): string => `${snake(key)}${kind === 'counter' ? '_total' : ''}`;

type Named = ReadonlyMap<string, NamedMetric>;

const remembered = new WeakMap<ReadonlyMap<string, Metric>, Named>();

/** All declared metrics by their names in Prometheus. Of two that would be called the same the first by key counts. */
export function nameMetrics(declared: ReadonlyMap<string, Metric>): Named {
  const named = remembered.get(declared) ?? nameAll(declared);
  remembered.set(declared, named);
  return named;
}

function nameAll(declared: ReadonlyMap<string, Metric>): Named {
  const named = new Map<string, NamedMetric>();
  for (const [key, metric] of [...declared].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const table = key.slice(0, key.lastIndexOf('.'));
    const [kind = table] = table.split('.');
    const name = prometheusName(key, metric);
    if (named.has(name)) continue;
    named.set(name, { name, key, kind, table, column: key.slice(table.length + 1), hasDevice: table.includes('.'), metric });
  }
  return named;
}
