import { prometheusName } from '../../plugins/grafana/prometheus/names.ts';
import { createGenerator, METRICS, NAMES } from './ingest-generator.ts';
import { createRemoteWrite } from './remote-write.ts';

/** One of the two sets of samples, the same for every engine. */
export interface DataSet {
  readonly id: 'day' | 'month';
  readonly title: string;
  readonly vms: number;
  readonly metrics: readonly string[];
  readonly stepSeconds: number;
  readonly scrapes: number;
  /** Scrapes in a request: one, as collectors send, or many, as history is loaded. */
  readonly scrapesAtOnce: number;
  /** Midnight after the last sample, epoch milliseconds. */
  readonly endsAt: number;
}

/** Scrapes come some seconds after the full minute, as real ones do: no sample lies on the edge of a window, where versions of Prometheus differ. */
const OFFSET_MS = 3000;
const DAY_MS = 86_400_000;

export const vmName = (index: number): string => `vm-${String(index).padStart(6, '0')}`;

export function dataSets(scale: number, now: number): readonly DataSet[] {
  const vms = Math.max(20, Math.round(1000 * scale));
  // A smaller set has requests as large as the full one's, or it would be requests that are measured.
  const together = [1, 2, 4, 5, 10, 20, 40, 60].findLast((count) => count * vms <= 1000) ?? 1;
  const endsAt = Math.floor(now / DAY_MS) * DAY_MS;
  return [
    {
      id: 'day',
      title: `${vms} VMs x 20 metrics @ 10 s, 24 h`,
      vms,
      metrics: NAMES,
      stepSeconds: 10,
      scrapes: 8640,
      scrapesAtOnce: together,
      endsAt,
    },
    {
      id: 'month',
      title: `${vms} VMs x 2 metrics @ 60 s, 30 d`,
      vms,
      metrics: ['cpuRatio', 'nicReceiveBytes'],
      stepSeconds: 60,
      scrapes: 43_200,
      scrapesAtOnce: 60,
      endsAt,
    },
  ];
}

export const samplesOf = ({ vms, metrics, scrapes }: DataSet): number => vms * metrics.length * scrapes;

/** All requests of a set, one after the other; each body is valid until the next. */
export function* requestsOf(set: DataSet, scrapesAtOnce = set.scrapesAtOnce): Iterable<Buffer<ArrayBuffer>> {
  const generator = createGenerator(set.vms, set.stepSeconds);
  const columns = set.metrics.map((name) => NAMES.indexOf(name));
  const series = Array.from({ length: set.vms }, (_, vm) =>
    set.metrics.map((name) => ({ __name__: prometheusName(`vm.${name}`, METRICS[name]!), vm: vmName(vm) })),
  ).flat();
  const remote = createRemoteWrite(series, scrapesAtOnce);
  const stepMs = set.stepSeconds * 1000;
  const firstAt = set.endsAt - set.scrapes * stepMs + OFFSET_MS;
  for (let scrape = 0; scrape < set.scrapes; scrape += scrapesAtOnce) {
    const instants = Array.from({ length: scrapesAtOnce }, (_, k) => firstAt + (scrape + k) * stepMs);
    const values = instants.map((at) => {
      const all = generator.next(at / 1000);
      const picked = new Float64Array(series.length);
      for (let vm = 0, index = 0; vm < set.vms; vm++) for (const k of columns) picked[index++] = all[vm * NAMES.length + k]!;
      return picked;
    });
    yield remote.encodeMany(values, instants);
  }
}
