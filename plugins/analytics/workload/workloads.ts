import { HubError, type Clock, type Metrics } from 'novacron/plugin';
import type { Hypervisor, VmStatus } from '../../hypervisor/port.ts';
import { joined, partsOf } from '../metric-history.ts';
import type { Series, Workload, Workloads } from '../port.ts';
import { classify } from './classify.ts';
import { withoutGaps, type Points } from './features.ts';
import { lookAlikesOf } from './likeness.ts';
import { noisyNeighbours, type Measured } from './neighbours.ts';

const DAY_MS = 86_400_000;
const DAYS = 14;
const STEP_SECONDS = 900;
const FINE_SECONDS = 300;
/** Below the row limit of one query: 14 days of 15 minutes are 1,344 rows a VM. */
const VMS_AT_ONCE = 30;
const NOTHING: Series = { at: [], value: [] };

export interface WorkloadOptions {
  readonly hypervisor: Pick<Hypervisor, 'vms'> | undefined;
  readonly metrics: Pick<Metrics, 'query' | 'declared'>;
  readonly clock: Clock;
}

interface Ask {
  readonly metric: string;
  readonly targets: readonly string[];
  readonly days: number;
  readonly stepSeconds: number;
}

function vmsOf({ hypervisor }: WorkloadOptions): readonly VmStatus[] {
  if (hypervisor === undefined)
    throw new HubError('plugin_unavailable', 'Without the hypervisor plugin there are no VMs to look at.', { status: 503 });
  return hypervisor.vms();
}

/** Series by VM, the devices of each added up; nothing for a metric that is not collected here. */
async function fetch({ metrics, clock }: WorkloadOptions, ask: Ask, signal: AbortSignal): Promise<ReadonlyMap<string, Series>> {
  const declared = metrics.declared().get(ask.metric);
  if (declared === undefined) return new Map();
  const to = Math.floor(clock.now() / (ask.stepSeconds * 1000)) * ask.stepSeconds * 1000;
  const { metric, targets, stepSeconds } = ask;
  const aggregate = declared.kind === 'counter' ? 'rate' : 'mean';
  const frame = await metrics.query({ metric, targets, from: to - ask.days * DAY_MS, to, stepSeconds, aggregate }, signal);
  return new Map([...partsOf(frame)].map(([id, devices]) => [id, joined(devices.values())]));
}

function classified(vm: VmStatus, cpu: Series, memory: Series): Workload[] {
  try {
    return [{ vm: { id: vm.id, name: vm.name }, ...classify(cpu, memory) }];
  } catch (error) {
    if (HubError.is(error) && error.code === 'workload_history_short') return [];
    throw error;
  }
}

async function classifyAll(options: WorkloadOptions, vmIds: readonly string[], signal: AbortSignal): Promise<Workload[]> {
  const known = new Map(vmsOf(options).map((vm) => [vm.id, vm]));
  const found: Workload[] = [];
  for (let first = 0; first < vmIds.length; first += VMS_AT_ONCE) {
    const targets = vmIds.slice(first, first + VMS_AT_ONCE).filter((id) => known.has(id));
    if (targets.length === 0) continue;
    const ask = { targets, days: DAYS, stepSeconds: STEP_SECONDS };
    const cpu = await fetch(options, { ...ask, metric: 'vm.cpuRatio' }, signal);
    const memory = await fetch(options, { ...ask, metric: 'vm.memoryUsedRatio' }, signal);
    for (const id of targets) {
      const vm = known.get(id);
      if (vm) found.push(...classified(vm, cpu.get(id) ?? NOTHING, memory.get(id) ?? NOTHING));
    }
  }
  return found;
}

/** `a / b` at the instants that both have, where there is something to divide by. */
function divided(a: Points, b: Points): Points {
  const known = new Map(b.at.map((at, row) => [at, b.value[row] ?? 0]));
  const rows = a.at.flatMap((at, row) => ((known.get(at) ?? 0) > 0 ? [row] : []));
  return {
    at: rows.map((row) => a.at[row] ?? 0),
    value: rows.map((row) => (a.value[row] ?? 0) / (known.get(a.at[row] ?? 0) ?? 1)),
  };
}

const scaled = ({ at, value }: Points, factor: number): Points => ({ at, value: value.map((each) => each * factor) });

/** What the VMs of a host did and waited for in the last day. */
async function measure(options: WorkloadOptions, vms: readonly VmStatus[], signal: AbortSignal): Promise<Measured[]> {
  const found = new Map<string, ReadonlyMap<string, Series>>();
  const names = ['cpuRatio', 'cpuWaitSeconds', 'disk.readBytes', 'disk.writeBytes', 'disk.readOps', 'disk.writeOps'];
  for (const name of [...names, 'disk.readTimeSeconds', 'disk.writeTimeSeconds']) {
    const ask = { metric: `vm.${name}`, targets: vms.map(({ id }) => id), days: 1, stepSeconds: FINE_SECONDS };
    found.set(name, await fetch(options, ask, signal));
  }
  return vms.map(({ id, name, vcpus }) => {
    const sum = (...metrics: readonly string[]): Points =>
      withoutGaps(joined(metrics.flatMap((metric) => found.get(metric)?.get(id) ?? [])));
    return {
      vm: { id, name },
      cpus: scaled(sum('cpuRatio'), vcpus),
      wait: scaled(sum('cpuWaitSeconds'), 1 / Math.max(1, vcpus)),
      diskBytes: sum('disk.readBytes', 'disk.writeBytes'),
      latency: divided(sum('disk.readTimeSeconds', 'disk.writeTimeSeconds'), sum('disk.readOps', 'disk.writeOps')),
    };
  });
}

async function neighboursOf(options: WorkloadOptions, vmId: string, signal: AbortSignal) {
  const vms = vmsOf(options);
  const victim = vms.find(({ id }) => id === vmId);
  if (victim === undefined) return [];
  const measured = await measure(
    options,
    vms.filter(({ host, state }) => host === victim.host && state === 'running').slice(0, VMS_ON_HOST_MAX),
    signal,
  );
  const own = measured.find(({ vm }) => vm.id === vmId);
  return own === undefined
    ? []
    : noisyNeighbours(
        own,
        measured.filter((each) => each !== own),
      );
}

/** Rows of a day of 5 minutes stay below what one query answers. */
const VMS_ON_HOST_MAX = 150;

/** Looks at what was measured whenever it is asked; it keeps nothing. */
export const createWorkloads = (options: WorkloadOptions): Workloads => ({
  classify: (vmIds, signal) => classifyAll(options, vmIds, signal),
  async lookAlikes(vmId, among, signal) {
    const [one] = await classifyAll(options, [vmId], signal);
    return one === undefined ? [] : lookAlikesOf(one, await classifyAll(options, among, signal));
  },
  neighbours: (vmId, signal) => neighboursOf(options, vmId, signal),
});
