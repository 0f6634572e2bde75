import type { SampleBatch, SampleRow } from 'novacron/plugin';
import type { DiskFigures, HostFigures, HostScrape, HostSurvey, NicFigures, VmScrape } from '../hypervisor/port.ts';

/** Turns scrapes of one host into samples; it remembers the scrape before, because a share of CPU time is a difference. */
export interface HostSampler {
  sample(scrape: HostScrape, host: { readonly id: string; readonly vmsRunning: number }): SampleBatch[];
}

interface CpuMark {
  readonly at: number;
  readonly cpuTimeNs: bigint;
}

const NANOSECONDS_PER_MS = 1e6;

const clamp = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/** Null at the first scrape, and at the one after the guest began again from 0. */
function cpuRatioOf(vm: VmScrape, at: number, before: CpuMark | undefined): number | null {
  if (before === undefined || at <= before.at || vm.cpuTimeNs < before.cpuTimeNs || vm.vcpus < 1) return null;
  return clamp(Number(vm.cpuTimeNs - before.cpuTimeNs) / ((at - before.at) * NANOSECONDS_PER_MS * vm.vcpus));
}

function hostRatioOf(host: HostFigures, before: HostFigures | undefined): number | null {
  if (before === undefined || host.cpuTimeNs <= before.cpuTimeNs) return null;
  const idle = Number(host.cpuIdleNs - before.cpuIdleNs);
  return clamp(1 - idle / Number(host.cpuTimeNs - before.cpuTimeNs));
}

const ratio = (part: number | null, whole: number | undefined): number | null =>
  part === null || whole === undefined || whole <= 0 ? null : clamp(part / whole);

function vmRow(vm: VmScrape, at: number, before: CpuMark | undefined): SampleRow {
  const { memoryActualBytes, memoryUsableBytes } = vm;
  const knowsUse = memoryActualBytes !== undefined && memoryUsableBytes !== undefined;
  const memoryUsedBytes = knowsUse ? Math.max(0, memoryActualBytes - memoryUsableBytes) : null;
  const values = {
    cpuTimeSeconds: vm.cpuTimeNs,
    cpuRatio: cpuRatioOf(vm, at, before),
    cpuWaitSeconds: vm.cpuWaitNs,
    vcpus: vm.vcpus,
    memoryBytes: memoryActualBytes,
    memoryRssBytes: vm.memoryRssBytes,
    memoryUsedBytes,
    memoryUsedRatio: ratio(memoryUsedBytes, memoryActualBytes),
  };
  return { entity: vm.id, values };
}

function diskRow(entity: string, disk: DiskFigures): SampleRow {
  const { device, readBytes, writeBytes, readOps, writeOps, readTimeNs, writeTimeNs, capacityBytes, allocationBytes } = disk;
  const times = { readTimeSeconds: readTimeNs, writeTimeSeconds: writeTimeNs };
  const allocatedRatio = ratio(allocationBytes ?? null, capacityBytes);
  return { entity, device, values: { readBytes, writeBytes, readOps, writeOps, ...times, capacityBytes, allocationBytes, allocatedRatio } };
}

function nicRow(entity: string, nic: NicFigures): SampleRow {
  const { device, receiveBytes, transmitBytes, receivePackets, transmitPackets } = nic;
  return { entity, device, values: { receiveBytes, transmitBytes, receivePackets, transmitPackets } };
}

/** Samples of what a host's survey says. */
export function surveySamples({ at, pools, guests }: HostSurvey, host: string): SampleBatch[] {
  const ofGuests = guests.flatMap(({ id, filesystems }) =>
    filesystems.map(({ mountpoint, totalBytes, usedBytes }) => ({
      entity: id,
      device: mountpoint,
      values: { totalBytes, usedBytes, usedRatio: ratio(usedBytes, totalBytes) },
    })),
  );
  const ofPools = pools.map(({ name, capacityBytes, allocationBytes }) => ({
    entity: host,
    device: name,
    values: { capacityBytes, allocationBytes, allocatedRatio: ratio(allocationBytes, capacityBytes) },
  }));
  const batches = [
    { table: 'vm.filesystem', at, rows: ofGuests },
    { table: 'host.pool', at, rows: ofPools },
  ];
  return batches.filter(({ rows }) => rows.length > 0);
}

export function createHostSampler(): HostSampler {
  let marks = new Map<string, CpuMark>();
  let hostBefore: HostFigures | undefined;
  return {
    sample({ at, host, vms }, { id, vmsRunning }) {
      const rows = vms.map((vm) => vmRow(vm, at, marks.get(vm.id)));
      const memoryUsedBytes = Math.max(0, host.memoryTotalBytes - host.memoryFreeBytes);
      const hostValues = {
        cpuRatio: hostRatioOf(host, hostBefore),
        memoryBytes: host.memoryTotalBytes,
        memoryUsedBytes,
        memoryUsedRatio: ratio(memoryUsedBytes, host.memoryTotalBytes),
        vmsRunning,
      };
      marks = new Map(vms.map((vm) => [vm.id, { at, cpuTimeNs: vm.cpuTimeNs }]));
      hostBefore = host;
      const batches = [
        { table: 'vm', at, rows },
        { table: 'vm.disk', at, rows: vms.flatMap(({ id, disks }) => disks.map((disk) => diskRow(id, disk))) },
        { table: 'vm.nic', at, rows: vms.flatMap(({ id, nics }) => nics.map((nic) => nicRow(id, nic))) },
        { table: 'host', at, rows: [{ entity: id, values: hostValues }] },
      ];
      return batches.filter((batch) => batch.rows.length > 0);
    },
  };
}
