import { describe, expect, it } from 'vitest';
import type { Series, WorkloadClass } from '../../../../plugins/analytics/port.ts';
import { classify } from '../../../../plugins/analytics/workload/classify.ts';
import { lookAlikesOf } from '../../../../plugins/analytics/workload/likeness.ts';
import { noisyNeighbours, type Measured } from '../../../../plugins/analytics/workload/neighbours.ts';
import { cron, daily, FROM, generate, type Moment } from '../anomaly/generated.ts';

const QUARTER_MS = 900_000;
const NOTHING: Series = { at: [], value: [] };

/** Means of 15 minutes. */
function series(days: number, value: (moment: Moment) => number, seed = 1): Series {
  const fine = generate(days, value, seed);
  const count = fine.length / 3;
  return {
    at: Array.from({ length: count }, (_, i) => FROM + i * QUARTER_MS),
    value: Array.from({ length: count }, (_, i) =>
      Math.min(1, Math.max(0, ((fine[3 * i] ?? 0) + (fine[3 * i + 1] ?? 0) + (fine[3 * i + 2] ?? 0)) / 3)),
    ),
  };
}

const quiet = ({ noise }: Moment): number => 0.01 + 0.003 * noise;
const flat = ({ noise }: Moment): number => 0.4 + 0.02 * noise;
const memoryLike =
  (shape: (row: number) => number) =>
  ({ row, noise }: Moment): number =>
    shape(row) + 0.003 * noise;

describe('a machine is called', () => {
  const cases: readonly {
    readonly name: WorkloadClass;
    readonly cpu: (moment: Moment) => number;
    readonly memory?: (moment: Moment) => number;
  }[] = [
    { name: 'idle', cpu: quiet },
    { name: 'steady', cpu: flat },
    { name: 'daily', cpu: daily },
    { name: 'weekly', cpu: (moment) => (moment.weekend ? 0.1 + 0.02 * moment.noise : daily(moment)) },
    { name: 'bursty', cpu: ({ row, noise }) => (Math.floor(row / 5) % 37 === Math.floor(row / 900) % 37 ? 0.9 : 0.06) + 0.01 * noise },
    { name: 'growing', cpu: (moment) => 0.2 + 0.02 * moment.day + 0.02 * moment.noise },
    { name: 'leaking', cpu: flat, memory: memoryLike((row) => 0.3 + (row / 288) * 0.03) },
    { name: 'leaking', cpu: daily, memory: memoryLike((row) => 0.3 + ((row % (4 * 288)) / 288) * 0.12) },
    { name: 'batch', cpu: cron() },
    { name: 'batch', cpu: ({ hour, noise }) => (hour >= 2 && hour < 4 ? 0.8 : 0.03) + 0.01 * noise },
  ];
  for (const { name, cpu, memory } of cases)
    it(`${name}${memory ? ' by its memory' : ''}, with the reason, whatever chance adds`, () => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const found = classify(
          series(14, cpu, seed),
          memory
            ? series(14, memory, seed)
            : series(
                14,
                memoryLike(() => 0.5),
                seed,
              ),
        );
        expect([found.class, found.evidence[0]]).toEqual([name, expect.stringMatching(/\d/)]);
        expect(found.evidence).toHaveLength(1 + found.also.length);
      }
    });

  it('by its CPU alone when the guest does not tell of its memory', () => {
    expect(classify(series(14, daily), NOTHING).class).toBe('daily');
  });

  it('nothing when there is less than two days of it', () => {
    expect(() => classify(series(1, daily), NOTHING)).toThrow(/1.0 days of history; 2 are needed/);
    expect(() => classify(NOTHING, NOTHING)).toThrow(/0.0 days/);
  });
});

describe('machines look alike', () => {
  const workload = (name: string, cpu: (moment: Moment) => number, seed: number) => ({
    vm: { id: name, name },
    ...classify(series(14, cpu, seed), NOTHING),
  });

  it('when their days take the same course, whatever their size', () => {
    const one = workload('one', daily, 1);
    const small = workload('small', (moment) => 0.2 * daily(moment), 2);
    const nightly = workload('nightly', (moment) => daily({ ...moment, hour: (moment.hour + 12) % 24 }), 3);
    const level = workload('level', flat, 4);
    expect(lookAlikesOf(one, [one, small, nightly, level]).map(({ vm }) => vm.name)).toEqual(['small']);
    expect(lookAlikesOf(level, [one, small, nightly])).toEqual([]);
  });
});

describe('a noisy neighbour', () => {
  const points = (value: (row: number) => number) => ({
    at: Array.from({ length: 288 }, (_, row) => FROM + row * 300_000),
    value: Array.from({ length: 288 }, (_, row) => value(row)),
  });
  const still = points(() => 0);
  const busy = (row: number): number => (row % 50 < 10 ? 4 : 0.1);
  const machine = (name: string, more: Partial<Measured> = {}): Measured => ({
    vm: { id: name, name },
    cpus: still,
    wait: still,
    diskBytes: still,
    latency: still,
    ...more,
  });

  it('is the one whose work goes along with the waiting, for CPU and for disks', () => {
    const victim = machine('web-1', { wait: points((row) => busy(row) / 20), latency: points((row) => (row % 30 < 5 ? 0.08 : 0.002)) });
    const others = [
      machine('cpu-hog', { cpus: points(busy) }),
      machine('writer', { diskBytes: points((row) => (row % 30 < 5 ? 3e8 : 1e5)) }),
      machine('other', { cpus: points((row) => row % 7), diskBytes: points((row) => row % 11) }),
    ];
    const found = noisyNeighbours(victim, others);
    expect(found.map(({ vm, for: what }) => `${vm.name}: ${what}`).toSorted()).toEqual(['cpu-hog: cpu', 'writer: disk']);
    expect(found.find(({ vm }) => vm.name === 'writer')?.text).toMatch(
      /^Disk requests of web-1 take up to 80 ms, longest when writer reads and writes most/,
    );
  });

  it('is nobody when it hardly waits, or waits because it works itself', () => {
    const others = [machine('hog', { cpus: points(busy) })];
    expect(noisyNeighbours(machine('a', { wait: points((row) => busy(row) / 1000) }), others)).toEqual([]);
    expect(noisyNeighbours(machine('b', { wait: points((row) => busy(row) / 20), cpus: points(busy) }), others)).toEqual([]);
  });
});
