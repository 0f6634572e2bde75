import type { Aggregate, Metrics } from 'novacron/plugin';
import type { VmStatus } from '../../hypervisor/port.ts';
import { joined, partsOf } from '../metric-history.ts';
import type { Series } from '../port.ts';

const DAY_MS = 86_400_000;
const SLACK_MS = 2 * 3_600_000;
const FINE_SECONDS = 300;
const COARSE_SECONDS = 3600;
/** Below the row limit of one query: a week of 5 minutes is 2,016 rows a VM. */
const VMS_AT_ONCE = 20;

/** What the last days say of one VM. A series without values: nothing was measured. */
export interface VmEvidence {
  readonly vm: VmStatus;
  /** Epoch milliseconds: the days looked at end here. */
  readonly now: number;
  /** Largest of each 5 minutes, in vCPUs. */
  readonly cpus: Series;
  /** Largest of each 5 minutes, bytes. */
  readonly memory: Series;
  /** Received and sent, bytes a second, means of 5 minutes. */
  readonly network: Series;
  /** Bytes taken of each disk, hourly. */
  readonly disks: readonly { readonly device: string; readonly capacityBytes: number; readonly allocated: Series }[];
}

const NOTHING: Series = { at: [], value: [] };

export interface EvidenceOptions {
  readonly metrics: Pick<Metrics, 'query' | 'latest'>;
  readonly vms: readonly VmStatus[];
  readonly now: number;
  readonly days: number;
  readonly signal: AbortSignal;
}

/** Looks at the VMs some at a time, so that neither store nor memory sees all at once. */
export async function* gatherEvidence(options: EvidenceOptions): AsyncGenerator<VmEvidence> {
  for (let first = 0; first < options.vms.length; first += VMS_AT_ONCE)
    yield* await evidenceOf({ ...options, vms: options.vms.slice(first, first + VMS_AT_ONCE) });
}

async function evidenceOf({ metrics, vms, now, days, signal }: EvidenceOptions): Promise<VmEvidence[]> {
  const to = Math.floor(now / (FINE_SECONDS * 1000)) * FINE_SECONDS * 1000;
  const targets = vms.map(({ id }) => id);
  const ask = async (metric: string, aggregate: Aggregate, stepSeconds = FINE_SECONDS) =>
    partsOf(await metrics.query({ metric, targets, from: to - days * DAY_MS, to, stepSeconds, aggregate }, signal));
  const cpu = await ask('vm.cpuRatio', 'max');
  const memory = await ask('vm.memoryUsedBytes', 'max');
  const received = await ask('vm.nic.receiveBytes', 'rate');
  const sent = await ask('vm.nic.transmitBytes', 'rate');
  const allocated = await ask('vm.disk.allocationBytes', 'max', COARSE_SECONDS);
  const sizes = new Map(
    metrics.latest('vm.disk', targets).map((one) => [`${one.entity} ${one.device ?? ''}`, one.values['capacityBytes']]),
  );
  const only = (found: ReturnType<typeof partsOf>, id: string): Series => [...(found.get(id)?.values() ?? [])][0] ?? NOTHING;
  return vms.map((vm) => {
    const { at, value } = only(cpu, vm.id);
    const disks = [...(allocated.get(vm.id) ?? [])].flatMap(([device, series]) => {
      const capacityBytes = sizes.get(`${vm.id} ${device}`);
      return typeof capacityBytes === 'number' ? [{ device, capacityBytes, allocated: series }] : [];
    });
    return {
      vm,
      now: to,
      cpus: { at, value: value.map((ratio) => (ratio === null ? null : ratio * vm.vcpus)) },
      memory: only(memory, vm.id),
      network: joined([...(received.get(vm.id)?.values() ?? []), ...(sent.get(vm.id)?.values() ?? [])]),
      disks,
    };
  });
}

/** Days between the first and the last value; an hour or two that are missing make no day less. */
export const daysOf = ({ at }: Series): number => Math.max(0, Math.floor(((at.at(-1) ?? 0) - (at[0] ?? 0) + SLACK_MS) / DAY_MS));

/** The value that a share of the measured ones does not exceed; null without any. */
export function quantileOf({ value }: Series, share: number): number | null {
  const known = value.filter((each): each is number => each !== null && Number.isFinite(each)).toSorted((a, b) => a - b);
  return known[Math.min(known.length - 1, Math.floor(known.length * share))] ?? null;
}

/** The part of a series within an interval, its end excluded. */
export function within({ at, value }: Series, from: number, to: number): Series {
  const rows = at.flatMap((instant, row) => (instant >= from && instant < to ? [row] : []));
  return { at: rows.map((row) => at[row] ?? 0), value: rows.map((row) => value[row] ?? null) };
}

/** Its days, the newest last; each ends a whole number of days before `now`. */
export const dayByDay = (series: Series, now: number): Series[] =>
  Array.from({ length: daysOf(series) }, (_, index, days = daysOf(series)) =>
    within(series, now - (days - index) * DAY_MS, now - (days - index - 1) * DAY_MS),
  ).filter(({ at }) => at.length > 0);
