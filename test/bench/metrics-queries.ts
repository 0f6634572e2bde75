import { vmName, type DataSet } from './metrics-data.ts';

export type QueryId = 'a' | 'b' | 'c' | 'd' | 'e' | 'f';

export interface BenchQuery {
  readonly id: QueryId;
  readonly title: string;
  /** Below `/api/v1/`. */
  readonly path: 'query' | 'query_range';
  readonly runs: number;
  /** Parameters of the run: a different VM each time where it is about one. */
  parameters(run: number): Readonly<Record<string, string>>;
}

const DAY_SECONDS = 86_400;
const RATE_VMS = 50;

/** The queries a to f of facts about the metrics store, as PromQL. */
export function queriesOf(set: DataSet): readonly BenchQuery[] {
  const end = set.endsAt / 1000;
  const days = Math.round((set.scrapes * set.stepSeconds) / DAY_SECONDS);
  const range = (seconds: number, step: number) => ({ start: String(end - seconds), end: String(end), step: String(step) });
  const some = Array.from({ length: Math.min(RATE_VMS, set.vms) }, (_, k) =>
    vmName(Math.floor((k * set.vms) / Math.min(RATE_VMS, set.vms))),
  );
  const rateDays = Math.min(7, days);
  return [
    {
      id: 'a',
      title: 'newest value of all',
      path: 'query',
      runs: 40,
      parameters: () => ({ query: '{__name__=~"vm_.+"}', time: String(end) }),
    },
    {
      id: 'b',
      title: 'one VM, 24 h by minute',
      path: 'query_range',
      runs: 40,
      parameters: (run) => ({
        query: `vm_cpu_ratio{vm="${vmName((((run * 7919) % set.vms) + set.vms) % set.vms)}"}`,
        ...range(DAY_SECONDS, 60),
      }),
    },
    {
      id: 'c',
      title: 'top 10 by mean of the last hour',
      path: 'query',
      runs: 40,
      parameters: () => ({ query: 'topk(10, avg_over_time(vm_cpu_ratio[1h]))', time: String(end) }),
    },
    {
      id: 'd',
      title: 'mean of the fleet, 24 h by 5 min',
      path: 'query_range',
      runs: 15,
      parameters: () => ({ query: 'avg(avg_over_time(vm_cpu_ratio[5m]))', ...range(DAY_SECONDS, 300) }),
    },
    {
      id: 'e',
      title: `rate of ${some.length} VMs, ${rateDays} d by 5 min`,
      path: 'query_range',
      runs: 15,
      parameters: () => ({ query: `rate(vm_nic_receive_bytes_total{vm=~"${some.join('|')}"}[5m])`, ...range(rateDays * DAY_SECONDS, 300) }),
    },
    {
      id: 'f',
      title: `p95 of each VM over ${days} d`,
      path: 'query',
      runs: 3,
      parameters: () => ({ query: `quantile_over_time(0.95, vm_cpu_ratio[${days}d])`, time: String(end) }),
    },
  ];
}

/** Values by series and instant: labels that only one engine has are left out. */
export type Answer = ReadonlyMap<string, number>;

interface Entry {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

export function readAnswer(text: string): Answer {
  const { data } = JSON.parse(text) as { data: { result: Entry[] } };
  const found = new Map<string, number>();
  for (const { metric, value, values } of data.result)
    for (const [at, number] of values ?? (value ? [value] : []))
      found.set(`${metric['__name__'] ?? ''} ${metric['vm'] ?? ''} ${at}`, Number(number));
  return found;
}

export interface Difference {
  readonly values: number;
  /** Values that only one of them has. */
  readonly missing: number;
  /** Largest and mean difference, as a share of the value. */
  readonly largest: number;
  readonly mean: number;
}

export function compare(ours: Answer, theirs: Answer): Difference {
  let [missing, largest, sum, both] = [0, 0, 0, 0];
  for (const [key, value] of theirs) {
    const own = ours.get(key);
    if (own === undefined) {
      missing++;
      continue;
    }
    const share = own === value ? 0 : Math.abs(own - value) / Math.max(Math.abs(own), Math.abs(value));
    largest = Math.max(largest, share);
    sum += share;
    both++;
  }
  for (const key of ours.keys()) if (!theirs.has(key)) missing++;
  return { values: ours.size, missing, largest, mean: both > 0 ? sum / both : 0 };
}
