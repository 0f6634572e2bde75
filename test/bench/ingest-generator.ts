import type { Metric, SampleRow } from '../../core/contract/metrics.ts';

const counter = (unit: Metric['unit']): Metric => ({ unit, kind: 'counter', help: 'Generated.' });
const gauge = (unit: Metric['unit']): Metric => ({ unit, kind: 'gauge', help: 'Generated.' });

/** 20 metrics of a VM: 15 counters, 5 gauges. */
export const METRICS: Readonly<Record<string, Metric>> = {
  cpuTimeNs: counter('count'),
  cpuUserNs: counter('count'),
  cpuSystemNs: counter('count'),
  memoryActualBytes: gauge('bytes'),
  memoryRssBytes: gauge('bytes'),
  memoryUsableBytes: gauge('bytes'),
  disk0ReadBytes: counter('bytes'),
  disk0WriteBytes: counter('bytes'),
  disk0ReadOps: counter('count'),
  disk0WriteOps: counter('count'),
  disk1ReadBytes: counter('bytes'),
  disk1WriteBytes: counter('bytes'),
  disk1ReadOps: counter('count'),
  disk1WriteOps: counter('count'),
  nicReceiveBytes: counter('bytes'),
  nicTransmitBytes: counter('bytes'),
  nicReceivePackets: counter('count'),
  nicTransmitPackets: counter('count'),
  cpuRatio: gauge('ratio'),
  stealRatio: gauge('ratio'),
};
export const NAMES = Object.keys(METRICS);
const WIDTH = NAMES.length;

export interface Generator {
  /** Values of all VMs at an instant, VM after VM; a fresh array each time. */
  next(atSeconds: number): Float64Array;
}

function createRandom(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 4_294_967_296;
  };
}

interface Vm {
  readonly base: number;
  readonly phase: number;
  readonly isIdle: boolean;
  load: number;
}

function begin(state: Float64Array, index: number, random: () => number): Vm {
  const vm = { base: 0.05 + 0.5 * random(), phase: random() * 0.3, load: 0, isIdle: random() < 0.3 };
  const o = index * WIDTH;
  state[o + 3] = 2 ** (31 + Math.floor(random() * 4));
  state[o + 4] = Math.floor((state[o + 3]! / 4096) * (0.2 + 0.5 * random())) * 4096;
  for (const k of [0, 1, 2, 6, 7, 8, 9, 14, 15, 16, 17]) state[o + k] = Math.floor(random() * 1e10);
  if (!vm.isIdle) for (const k of [10, 11, 12, 13]) state[o + k] = Math.floor(random() * 1e9);
  return { ...vm, load: vm.base };
}

function add(state: Float64Array, index: number, by: number): void {
  state[index] = state[index]! + by;
}

function advanceCpu(vm: Vm, at: { state: Float64Array; o: number; step: number }, random: () => number): void {
  const { state, o, step } = at;
  const cpu = Math.floor(vm.load * step * 2e9 * (0.98 + 0.04 * random()));
  const user = Math.floor(cpu * (0.6 + 0.1 * random()));
  add(state, o, cpu);
  add(state, o + 1, user);
  add(state, o + 2, cpu - user);
  const grown = state[o + 4]! + Math.floor((random() - 0.5) * 2048) * 4096 * (random() < 0.5 ? 1 : 0);
  state[o + 4] = Math.min(state[o + 3]!, Math.max(2 ** 26, grown));
  state[o + 5] = state[o + 3]! - state[o + 4]!;
  state[o + 18] = Math.round(vm.load * 10_000) / 10_000;
  state[o + 19] = random() < 0.8 ? 0 : Math.round(random() * vm.load * 300) / 10_000;
}

function advanceTraffic(vm: Vm, at: { state: Float64Array; o: number; step: number }, random: () => number): void {
  const { state, o, step } = at;
  const reads = random() < 0.4 ? Math.floor(vm.load * step * 20 * random()) : 0;
  const writes = Math.floor(vm.load * step * 40 * random()) + 1;
  add(state, o + 8, reads);
  add(state, o + 6, reads * 4096 * (1 + Math.floor(random() * 8)));
  add(state, o + 9, writes);
  add(state, o + 7, writes * 4096 * (1 + Math.floor(random() * 4)));
  if (!vm.isIdle && random() < 0.5) {
    const a = Math.floor(step * 5 * random());
    const b = Math.floor(step * 10 * random());
    add(state, o + 12, a);
    add(state, o + 10, a * 16_384);
    add(state, o + 13, b);
    add(state, o + 11, b * 8192);
  }
  const received = Math.floor(vm.load * step * 800 * (0.5 + random()));
  const sent = Math.floor(received * (0.5 + 0.5 * random()));
  add(state, o + 16, received);
  add(state, o + 14, Math.floor(received * (200 + 600 * random())));
  add(state, o + 17, sent);
  add(state, o + 15, Math.floor(sent * (100 + 900 * random())));
}

/** The same figures for every store: a day's wave, noise and bursts for each VM, a third of them nearly idle. */
export function createGenerator(vms: number, stepSeconds: number, seed = 12_345): Generator {
  const random = createRandom(seed);
  const state = new Float64Array(vms * WIDTH);
  const all = Array.from({ length: vms }, (_, index) => begin(state, index, random));
  return {
    next(atSeconds) {
      const day = (atSeconds % 86_400) / 86_400;
      for (const [index, vm] of all.entries()) {
        const season = 1 + 0.6 * Math.sin(2 * Math.PI * (day - 0.3 + vm.phase));
        const drift = vm.load + 0.1 * (vm.base * season - vm.load) + 0.06 * (random() + random() - 1) + (random() < 0.002 ? 0.4 : 0);
        vm.load = Math.min(1, Math.max(0.002, drift));
        const at = { state, o: index * WIDTH, step: stepSeconds };
        advanceCpu(vm, at, random);
        advanceTraffic(vm, at, random);
      }
      return state.slice();
    },
  };
}

function valuesAt(v: Float64Array, o: number): SampleRow['values'] {
  return {
    cpuTimeNs: v[o]!,
    cpuUserNs: v[o + 1]!,
    cpuSystemNs: v[o + 2]!,
    memoryActualBytes: v[o + 3]!,
    memoryRssBytes: v[o + 4]!,
    memoryUsableBytes: v[o + 5]!,
    disk0ReadBytes: v[o + 6]!,
    disk0WriteBytes: v[o + 7]!,
    disk0ReadOps: v[o + 8]!,
    disk0WriteOps: v[o + 9]!,
    disk1ReadBytes: v[o + 10]!,
    disk1WriteBytes: v[o + 11]!,
    disk1ReadOps: v[o + 12]!,
    disk1WriteOps: v[o + 13]!,
    nicReceiveBytes: v[o + 14]!,
    nicTransmitBytes: v[o + 15]!,
    nicReceivePackets: v[o + 16]!,
    nicTransmitPackets: v[o + 17]!,
    cpuRatio: v[o + 18]!,
    stealRatio: v[o + 19]!,
  };
}

/** The rows of a scrape, as a collector would give them. */
export const rowsOf = (values: Float64Array, ids: readonly string[]): SampleRow[] =>
  ids.map((entity, index) => ({ entity, values: valuesAt(values, index * WIDTH) }));
