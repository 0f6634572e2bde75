import { describe, expect, it } from 'vitest';
import { demoHistory, DEMO_DEVICE, type DemoKind } from '../../../../plugins/analytics/demo/history.ts';

const DAY_MS = 86_400_000;
const FROM = Date.UTC(2026, 0, 5);
const range = { from: FROM, to: FROM + 14 * DAY_MS, stepSeconds: 3600 };
const vm = (kind: DemoKind) => ({ id: `demo-${kind}`, kind, vcpus: 2, memoryBytes: 2 ** 30 });
const KINDS: readonly DemoKind[] = ['web', 'batch', 'grow'];

const column = (kind: DemoKind, table: string, name: string): number[] =>
  [...demoHistory(vm(kind), range)].filter((batch) => batch.table === table).map(({ rows }) => Number(rows[0]?.values[name]));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('generated history', () => {
  it('is always the same', () => {
    for (const kind of KINDS) expect([...demoHistory(vm(kind), range)]).toEqual([...demoHistory(vm(kind), range)]);
  });

  it('is physically possible: ratios within 0 and 1, counters that never fall, memory within the machine', () => {
    for (const kind of KINDS) {
      expect(column(kind, 'vm', 'cpuRatio').every((value) => value > 0 && value < 1)).toBe(true);
      expect(column(kind, 'vm', 'memoryUsedBytes').every((value) => value > 0 && value < 2 ** 30)).toBe(true);
      for (const [table, name] of [
        ['vm', 'cpuTimeSeconds'],
        ['vm.disk', 'writeBytes'],
        ['vm.disk', 'readOps'],
        ['vm.nic', 'transmitBytes'],
      ] as const) {
        const values = column(kind, table, name);
        expect(values.every((value, i) => value >= (values[i - 1] ?? 0))).toBe(true);
      }
    }
  });

  it('agrees with itself: processor time is what the ratio says', () => {
    const ratio = column('web', 'vm', 'cpuRatio');
    const seconds = column('web', 'vm', 'cpuTimeSeconds').at(-1) ?? 0;
    expect(seconds).toBeCloseTo(mean(ratio) * ratio.length * 3600 * 2, 0);
  });

  it('calls its devices generated', () => {
    const devices = [...demoHistory(vm('web'), range)].filter(({ table }) => table !== 'vm').map(({ rows }) => rows[0]?.device);
    expect(new Set(devices)).toEqual(new Set([DEMO_DEVICE]));
  });

  it('works by day in the office week, by night, or grows', () => {
    const at = (kind: DemoKind, name: string, is: (hour: number, day: number) => boolean): number =>
      mean(column(kind, 'vm', name).filter((_, i) => is(i % 24, Math.floor(i / 24) % 7)));
    expect(at('web', 'cpuRatio', (hour) => hour === 14)).toBeGreaterThan(4 * at('web', 'cpuRatio', (hour) => hour === 3));
    expect(at('web', 'cpuRatio', (hour, day) => hour === 14 && day < 5)).toBeGreaterThan(
      1.5 * at('web', 'cpuRatio', (hour, day) => hour === 14 && day > 4),
    );
    expect(at('batch', 'cpuRatio', (hour) => hour === 2)).toBeGreaterThan(0.8);
    expect(at('batch', 'cpuRatio', (hour) => hour === 12)).toBeLessThan(0.1);
    const memory = column('grow', 'vm', 'memoryUsedBytes');
    expect(mean(memory.slice(-24))).toBeGreaterThan(2 * mean(memory.slice(0, 24)));
  });
});
