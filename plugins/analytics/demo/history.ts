import type { SampleBatch, SampleRow } from 'novacron/plugin';
import { normalOf, randomOf } from '../models/random.ts';

export const DEMO_DAYS = 14;
export const DEMO_STEP_SECONDS = 300;
const DAY_SECONDS = 86_400;
/** Devices of generated rows are called so: nobody takes them for measured ones. */
export const DEMO_DEVICE = 'generated';

/** Load of a web server by day, of a batch job by night, and of a service whose memory only grows. */
export type DemoKind = 'web' | 'batch' | 'grow';

export interface DemoVm {
  readonly id: string;
  readonly kind: DemoKind;
  readonly vcpus: number;
  readonly memoryBytes: number;
}

export interface DemoRange {
  /** Epoch milliseconds, `from` included, `to` excluded. */
  readonly from: number;
  readonly to: number;
  /** Default 300. */
  readonly stepSeconds?: number;
}

/** Shares of what the machine has, and rates, at one instant. */
interface Load {
  readonly cpuRatio: number;
  readonly memoryRatio: number;
  readonly diskBytesPerSecond: number;
  readonly netBytesPerSecond: number;
}

interface Instant {
  /** Hour of the day in UTC, with fraction. */
  readonly hour: number;
  readonly weekend: boolean;
  /** 0 at the begin of the history, 1 at its end. */
  readonly age: number;
  /** Slowly wandering noise, about -1 .. 1. */
  readonly drift: number;
  readonly noise: number;
  readonly burst: boolean;
}

/** A hump of about `width` hours around `center`, 0 .. 1. */
const hump = (hour: number, center: number, width: number): number => {
  const apart = Math.abs(((hour - center + 36) % 24) - 12);
  return Math.exp(-((apart / width) ** 2));
};

const LOADS: Readonly<Record<DemoKind, (instant: Instant) => Load>> = {
  web: ({ hour, weekend, drift, noise, burst }) => {
    const visitors = (0.55 * hump(hour, 10.5, 2.6) + 0.7 * hump(hour, 15, 3.4) + 0.25 * hump(hour, 20, 2)) * (weekend ? 0.45 : 1);
    const cpuRatio = 0.06 + 0.62 * visitors * (1 + 0.12 * drift) + 0.02 * noise + (burst ? 0.18 : 0);
    return {
      cpuRatio,
      memoryRatio: 0.42 + 0.16 * visitors + 0.01 * drift,
      diskBytesPerSecond: 4e5 * visitors,
      netBytesPerSecond: 5e4 + 3e6 * visitors,
    };
  },
  batch: ({ hour, drift, noise, burst }) => {
    const running = hour >= 1 && hour < 4.2 + 0.5 * drift;
    const cpuRatio = running ? 0.88 + 0.04 * noise : 0.03 + 0.008 * noise + (burst ? 0.12 : 0);
    return {
      cpuRatio,
      memoryRatio: running ? 0.78 : 0.24,
      diskBytesPerSecond: running ? 4.5e7 : 8e4,
      netBytesPerSecond: running ? 6e6 : 3e4,
    };
  },
  grow: ({ hour, age, drift, noise }) => ({
    cpuRatio: 0.12 + 0.05 * hump(hour, 14, 4) + 0.012 * noise,
    memoryRatio: 0.34 + 0.48 * age + 0.012 * drift + 0.002 * noise,
    diskBytesPerSecond: 1.2e5,
    netBytesPerSecond: 2.5e5 + 1e5 * hump(hour, 14, 4),
  }),
};

const SEEDS: Readonly<Record<DemoKind, number>> = { web: 11, batch: 23, grow: 37 };
const BLOCK_BYTES = 32_768;
const PACKET_BYTES = 900;
const IMAGE_BYTES = 2 ** 30;
const BURST_SHARE = 0.006;

interface Counters {
  cpuTimeSeconds: number;
  readBytes: number;
  writeBytes: number;
  receiveBytes: number;
  transmitBytes: number;
}

const clamp = (value: number): number => Math.min(0.99, Math.max(0.005, value));

function* instants(range: Required<DemoRange>, seed: number): Generator<{ readonly at: number } & Instant> {
  const random = randomOf(seed);
  let drift = 0;
  for (let at = range.from; at < range.to; at += range.stepSeconds * 1000) {
    drift = 0.97 * drift + 0.18 * normalOf(random);
    const seconds = at / 1000;
    const weekday = Math.floor(seconds / DAY_SECONDS + 4) % 7;
    const age = (at - range.from) / (range.to - range.from);
    const weekend = weekday === 0 || weekday === 6;
    yield { at, hour: (seconds % DAY_SECONDS) / 3600, weekend, age, drift, noise: normalOf(random), burst: random() < BURST_SHARE };
  }
}

function count(counters: Counters, load: Load, { vcpus, stepSeconds }: { vcpus: number; stepSeconds: number }): void {
  counters.cpuTimeSeconds += load.cpuRatio * vcpus * stepSeconds;
  counters.readBytes += Math.round(0.35 * load.diskBytesPerSecond * stepSeconds);
  counters.writeBytes += Math.round(0.65 * load.diskBytesPerSecond * stepSeconds);
  counters.receiveBytes += Math.round(0.3 * load.netBytesPerSecond * stepSeconds);
  counters.transmitBytes += Math.round(0.7 * load.netBytesPerSecond * stepSeconds);
}

function vmRow({ id, vcpus, memoryBytes }: DemoVm, load: Load, { cpuTimeSeconds }: Counters): SampleRow {
  const memoryUsedBytes = Math.round(load.memoryRatio * memoryBytes);
  const cpu = { cpuTimeSeconds: Number(cpuTimeSeconds.toFixed(6)), cpuRatio: load.cpuRatio, vcpus };
  return {
    entity: id,
    values: { ...cpu, memoryBytes, memoryRssBytes: memoryUsedBytes, memoryUsedBytes, memoryUsedRatio: memoryUsedBytes / memoryBytes },
  };
}

function diskRow({ id }: DemoVm, { readBytes, writeBytes }: Counters): SampleRow {
  const ops = { readOps: Math.floor(readBytes / BLOCK_BYTES), writeOps: Math.floor(writeBytes / BLOCK_BYTES) };
  const sizes = { capacityBytes: IMAGE_BYTES, allocationBytes: IMAGE_BYTES / 4 };
  return { entity: id, device: DEMO_DEVICE, values: { readBytes, writeBytes, ...ops, ...sizes } };
}

function nicRow({ id }: DemoVm, { receiveBytes, transmitBytes }: Counters): SampleRow {
  const packets = { receivePackets: Math.floor(receiveBytes / PACKET_BYTES), transmitPackets: Math.floor(transmitBytes / PACKET_BYTES) };
  return { entity: id, device: DEMO_DEVICE, values: { receiveBytes, transmitBytes, ...packets } };
}

/**
 * History of a VM as scrapes would have measured it, invented: always the same for the same kind and range. Batches of the tables `vm`,
 * `vm.disk` and `vm.nic` in the order of time.
 */
export function* demoHistory(vm: DemoVm, range: DemoRange): Generator<SampleBatch> {
  const { stepSeconds = DEMO_STEP_SECONDS } = range;
  const counters: Counters = { cpuTimeSeconds: 0, readBytes: 0, writeBytes: 0, receiveBytes: 0, transmitBytes: 0 };
  for (const { at, ...instant } of instants({ ...range, stepSeconds }, SEEDS[vm.kind])) {
    const raw = LOADS[vm.kind](instant);
    const load = { ...raw, cpuRatio: clamp(raw.cpuRatio), memoryRatio: clamp(raw.memoryRatio) };
    count(counters, load, { vcpus: vm.vcpus, stepSeconds });
    yield { table: 'vm', at, rows: [vmRow(vm, load, counters)] };
    yield { table: 'vm.disk', at, rows: [diskRow(vm, counters)] };
    yield { table: 'vm.nic', at, rows: [nicRow(vm, counters)] };
  }
}
