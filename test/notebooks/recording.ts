import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metrics } from 'novacron/plugin';
import { GIBIBYTE, RECORDED_HOSTS, RECORDED_UNTIL, RECORDED_VMS, type RecordedVm } from './fleet.ts';

/** 28 days of the fleet's measurements, generated from a seed: the same in every run. */

const DAYS = 28;
const STEP_SECONDS = 600;
const SLOW_STEP_SECONDS = 3600;
const FROM = RECORDED_UNTIL - DAYS * 86_400_000;

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const hump = (hour: number, center: number, width: number): number =>
  Math.exp(-((Math.abs(((hour - center + 36) % 24) - 12) / width) ** 2));
const clamp = (value: number): number => Math.min(0.995, Math.max(0.002, value));

interface Moment {
  readonly hour: number;
  readonly isWeekend: boolean;
  /** Days since the recording began. */
  readonly day: number;
  readonly drift: number;
  readonly noise: number;
  readonly burst: number;
}

function shareOf({ load, cpuRatio }: RecordedVm, { hour, isWeekend, drift, noise, burst }: Moment): number {
  switch (load) {
    case 'daily': {
      const visitors = (0.75 * hump(hour, 10.5, 2.8) + hump(hour, 15, 3.6) + 0.4 * hump(hour, 20, 2)) * (isWeekend ? 0.4 : 1);
      return cpuRatio * (0.35 + 1.5 * visitors * (1 + 0.1 * drift)) + 0.015 * noise;
    }
    case 'steady':
      return cpuRatio * (1 + 0.12 * hump(hour, 14, 5) + 0.06 * drift) + 0.012 * noise + (hour >= 2 && hour < 2.6 ? 0.25 : 0);
    case 'nightly':
      return hour >= 1 && hour < 4.4 + 0.3 * drift ? cpuRatio + 0.03 * noise : 0.03 + 0.006 * noise;
    case 'bursty':
      return isWeekend ? 0.03 : hour > 7 && hour < 19 && burst > 0.55 ? cpuRatio + 0.5 * burst : 0.05 + 0.02 * noise;
    case 'leaking':
      return cpuRatio * (1 + 0.5 * hump(hour, 15, 4)) + 0.01 * noise;
    case 'idle':
      return cpuRatio * (1 + 0.2 * drift) + 0.002 * noise;
  }
}

/** A cache that leaks is restarted each Monday morning. */
function memoryOf({ load, memoryRatio }: RecordedVm, { day, hour, drift, noise }: Moment, cpu: number): number {
  if (load === 'leaking') return memoryRatio + 0.082 * ((day + hour / 24 + 3.7) % 7) + 0.004 * noise;
  return memoryRatio + 0.1 * (cpu - 0.2) + 0.012 * drift + 0.003 * noise;
}

function* moments(vm: RecordedVm, seed: number): Generator<Moment & { readonly at: number }> {
  const random = randomOf(seed);
  let drift = 0;
  let burst = 0;
  for (let at = FROM; at < RECORDED_UNTIL; at += STEP_SECONDS * 1000) {
    drift = 0.98 * drift + 0.16 * normal(random);
    burst = Math.min(1, Math.max(0, 0.9 * burst + 0.1 * random() + (random() < 0.05 ? 0.7 : 0)));
    const date = new Date(at);
    const hour = date.getUTCHours() + date.getUTCMinutes() / 60;
    const day = Math.floor((at - FROM) / 86_400_000);
    yield { at, hour, isWeekend: [0, 6].includes(date.getUTCDay()), day, drift, noise: normal(random), burst };
  }
}

interface Csv {
  readonly table: string;
  readonly lines: string[];
}

const csv = (table: string, columns: string): Csv => ({ table, lines: [columns] });

interface Tables {
  readonly vm: Csv;
  readonly disk: Csv;
  readonly nic: Csv;
  readonly filesystem: Csv;
  readonly host: Csv;
  readonly pool: Csv;
}

function recordVm(vm: RecordedVm, seed: number, { tables, hostCpu }: { tables: Tables; hostCpu: Map<string, number> }): void {
  const random = randomOf(seed + 1000);
  let [cpuTime, read, write, receive, transmit] = [0, 0, 0, 0, 0];
  for (const moment of moments(vm, seed)) {
    // What anomaly detection should find: web-2 ran hot for five hours, three days before the end.
    const isHot = vm.name === 'web-2' && moment.at >= RECORDED_UNTIL - 77 * 3_600_000 && moment.at < RECORDED_UNTIL - 72 * 3_600_000;
    const cpu = clamp(shareOf(vm, moment) + (isHot ? 0.45 : 0));
    const memory = clamp(memoryOf(vm, moment, cpu));
    cpuTime += cpu * vm.vcpus * STEP_SECONDS;
    read += Math.round(cpu * 4e6 * STEP_SECONDS * (0.8 + 0.4 * random()));
    write += Math.round((cpu * 6e6 + 2e5) * STEP_SECONDS * (0.8 + 0.4 * random()));
    receive += Math.round((cpu * 3e6 + 3e4) * STEP_SECONDS * (0.8 + 0.4 * random()));
    transmit += Math.round((cpu * 7e6 + 3e4) * STEP_SECONDS * (0.8 + 0.4 * random()));
    const [at, used] = [moment.at, Math.round(memory * vm.memoryBytes)];
    tables.vm.lines.push(
      [at, vm.id, cpuTime.toFixed(3), cpu.toFixed(4), vm.vcpus, vm.memoryBytes, used, used, memory.toFixed(4)].join(','),
    );
    tables.disk.lines.push([at, vm.id, 'vda', read, write, Math.floor(read / 32_768), Math.floor(write / 16_384)].join(','));
    tables.nic.lines.push([at, vm.id, 'vnet0', receive, transmit].join(','));
    const key = `${vm.host} ${at}`;
    hostCpu.set(key, (hostCpu.get(key) ?? 0) + cpu * vm.vcpus);
    if (at % (SLOW_STEP_SECONDS * 1000) === 0) recordFilesystems(vm, { at, random, lines: tables.filesystem.lines });
  }
}

function recordFilesystems(vm: RecordedVm, { at, random, lines }: { at: number; random: () => number; lines: string[] }): void {
  const daysLeft = (RECORDED_UNTIL - at) / 86_400_000;
  for (const { mountpoint, totalBytes, usedRatio, perDay } of vm.filesystems) {
    const isScratch = mountpoint === '/scratch';
    const swing = isScratch
      ? 0.3 * hump((at / 3_600_000) % 24, 3, 3)
      : 0.002 * normal(random) + 10 * perDay * (0.12 * Math.sin(daysLeft / 1.4) + 0.1 * Math.sin(daysLeft / 3.1));
    const ratio = clamp(usedRatio - perDay * daysLeft + swing);
    lines.push([at, vm.id, mountpoint, totalBytes, Math.round(ratio * totalBytes), ratio.toFixed(5)].join(','));
  }
}

function recordHosts(tables: Tables, hostCpu: ReadonlyMap<string, number>): void {
  const random = randomOf(99);
  for (const { id, cpus, memoryBytes } of RECORDED_HOSTS) {
    let images = 0;
    const vms = RECORDED_VMS.filter(({ host }) => host === id);
    const taken = vms.reduce((sum, each) => sum + each.memoryBytes * 0.9, 4 * GIBIBYTE);
    for (let at = FROM; at < RECORDED_UNTIL; at += STEP_SECONDS * 1000) {
      const cpu = clamp((hostCpu.get(`${id} ${at}`) ?? 0) / cpus + 0.03);
      tables.host.lines.push(
        [at, id, cpu.toFixed(4), memoryBytes, Math.round(taken), (taken / memoryBytes).toFixed(4), vms.length].join(','),
      );
      if (at % (SLOW_STEP_SECONDS * 1000) !== 0) continue;
      const capacity = 1024 * GIBIBYTE;
      const days = (at - FROM) / 86_400_000;
      // Snapshots come and go.
      images = 0.97 * images + 0.004 * normal(random);
      const ratio = clamp(
        ({ 'kvm-1': 0.58 + 0.0045 * days, 'kvm-2': 0.49 + 0.0012 * days, 'kvm-3': 0.71 + 0.0062 * days }[id] ?? 0) + images,
      );
      tables.pool.lines.push([at, id, 'default', capacity, Math.round(capacity * ratio), ratio.toFixed(5)].join(','));
    }
  }
}

/** Puts the recording into a hub's store. */
export async function importRecording(metrics: Pick<Metrics, 'importFile'>): Promise<void> {
  const tables: Tables = {
    vm: csv('vm', 'at,entity,cpuTimeSeconds,cpuRatio,vcpus,memoryBytes,memoryRssBytes,memoryUsedBytes,memoryUsedRatio'),
    disk: csv('vm.disk', 'at,entity,device,readBytes,writeBytes,readOps,writeOps'),
    nic: csv('vm.nic', 'at,entity,device,receiveBytes,transmitBytes'),
    filesystem: csv('vm.filesystem', 'at,entity,device,totalBytes,usedBytes,usedRatio'),
    host: csv('host', 'at,entity,cpuRatio,memoryBytes,memoryUsedBytes,memoryUsedRatio,vmsRunning'),
    pool: csv('host.pool', 'at,entity,device,capacityBytes,allocationBytes,allocatedRatio'),
  };
  const hostCpu = new Map<string, number>();
  for (const [index, vm] of RECORDED_VMS.entries()) recordVm(vm, 7 + index, { tables, hostCpu });
  recordHosts(tables, hostCpu);
  const folder = await mkdtemp(join(tmpdir(), 'novacron-recording-'));
  try {
    for (const { table, lines } of Object.values(tables)) {
      const file = join(folder, `${table}.csv`);
      await writeFile(file, `${lines.join('\n')}\n`);
      await metrics.importFile('monitoring', table, file, AbortSignal.timeout(60_000));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
