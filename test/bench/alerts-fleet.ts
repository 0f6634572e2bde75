import type { AlertRule, SampleBatch, SampleRow } from '../../core/contract.ts';
import type { VmStatus } from '../../plugins/hypervisor/port.ts';

const EVERY_BEATS = 97;

/** A small deterministic generator (mulberry32): two runs see the same fleet. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const tenantOf = (nth: number): string => `tenant-${nth % 20}`;
const tagsOf = (nth: number): readonly string[] => [`tier-${nth % 5}`, nth % 3 === 0 ? 'prod' : 'test'];

const vmOf = (nth: number): VmStatus => ({
  id: `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`,
  name: `vm-${nth}`,
  tenant: tenantOf(nth),
  tags: tagsOf(nth),
  owner: null,
  host: `h${nth % 100}`,
  state: 'running',
  vcpus: 2,
  memoryBytes: 2 ** 31,
  managed: true,
});

/** VMs whose figures wander; now and then one of them is bad for a while, so that rules fire and resolve. */
export function createFleet(count: number): { readonly vms: readonly VmStatus[]; sample(at: number): SampleBatch } {
  const vms = Array.from({ length: count }, (_, nth) => vmOf(nth));
  const random = createRandom(7);
  const cpu = Float64Array.from(vms, () => 0.1 + 0.5 * random());
  const memory = Float64Array.from(vms, () => 0.2 + 0.5 * random());
  const time = new Float64Array(count);
  let beat = 0;

  function rowOf({ id }: VmStatus, nth: number): SampleRow {
    const isBad = (nth + beat) % (EVERY_BEATS * 20) < 3;
    const cpuRatio = isBad ? 0.99 : Math.min(0.9, Math.max(0, (cpu[nth] ?? 0) + 0.1 * (random() - 0.5)));
    const memoryUsedRatio = isBad ? 0.99 : Math.min(0.9, Math.max(0, (memory[nth] ?? 0) + 0.02 * (random() - 0.5)));
    time[nth] = (time[nth] ?? 0) + cpuRatio * 60;
    const memoryBytes = 2 ** 31;
    const memoryUsedBytes = memoryUsedRatio * memoryBytes;
    const values = {
      cpuTimeSeconds: time[nth] ?? 0,
      cpuRatio,
      vcpus: 2,
      memoryBytes,
      memoryRssBytes: memoryBytes,
      memoryUsedBytes,
      memoryUsedRatio,
    };
    return { entity: id, values };
  }
  return {
    vms,
    sample(at) {
      beat++;
      return { table: 'vm', at, rows: vms.map(rowOf) };
    },
  };
}

type Shape = (edge: number) => Pick<AlertRule, 'metric' | 'condition'> & Partial<AlertRule>;

/** What people write, in about the parts that they write it. */
const SHAPES: readonly Shape[] = [
  (edge) => ({ metric: 'vm.cpuRatio', condition: { is: 'threshold', above: edge, resolveAt: edge - 0.02 }, forSeconds: 60 }),
  (edge) => ({ metric: 'vm.memoryUsedRatio', condition: { is: 'threshold', above: edge, resolveAt: edge - 0.02 }, keepFiringSeconds: 120 }),
  (edge) => ({ metric: 'vm.cpuRatio', aggregate: 'mean', windowSeconds: 300, condition: { is: 'threshold', above: edge } }),
  (edge) => ({ metric: 'vm.memoryUsedBytes', of: 'memoryBytes', condition: { is: 'threshold', above: edge } }),
  (edge) => ({ metric: 'vm.cpuRatio', aggregate: 'max', windowSeconds: 900, condition: { is: 'threshold', above: edge } }),
  (edge) => ({ metric: 'vm.cpuTimeSeconds', windowSeconds: 300, condition: { is: 'rate', above: edge * 2 } }),
  (edge) => ({ metric: 'vm.memoryUsedRatio', aggregate: 'p95', windowSeconds: 1800, condition: { is: 'threshold', above: edge } }),
  (edge) => ({
    metric: 'vm.cpuRatio',
    aggregate: 'mean',
    windowSeconds: 900,
    condition: { is: 'past', compare: 'ratio', above: 3 + edge },
  }),
  () => ({ metric: 'vm.vcpus', condition: { is: 'absence', seconds: 300 } }),
  (edge) => ({ metric: 'vm.memoryUsedBytes', windowSeconds: 600, condition: { is: 'rate', above: edge * 2 ** 30 } }),
];

type Scoped = (nth: number) => NonNullable<AlertRule['scope']> | undefined;

const SCOPES: readonly Scoped[] = [
  () => undefined,
  (nth) => ({ tags: [`tier-${nth % 5}`] }),
  (nth) => ({ tenant: tenantOf(nth) }),
  (nth) => ({ names: [`vm-${nth % 10_000}`] }),
  () => undefined,
];

/** Rules of all shapes and scopes; edges differ, so that no two rules are the same, and few pairs are bad at a time. */
export function benchRules(count: number): Readonly<Record<string, AlertRule>> {
  const random = createRandom(11);
  const rules: Record<string, AlertRule> = {};
  for (let nth = 0; nth < count; nth++) {
    const shape = SHAPES[nth % SHAPES.length] as Shape;
    const scope = SCOPES[Math.floor(nth / SHAPES.length) % SCOPES.length]?.(nth);
    const isTold = nth % 1000 < SHAPES.length;
    // Most rules sit above what ever happens; a hundredth sees the bad ones.
    const edge = isTold ? 0.95 + 0.03 * random() : 1.01 + 0.5 * random();
    rules[`rule-${nth}`] = { title: `Rule ${nth}`, severity: 'warning', ...shape(edge), ...(scope && { scope }) };
  }
  return rules;
}
