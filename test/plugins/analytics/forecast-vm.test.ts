import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SampleBatch, View } from 'novacron/plugin';
import analytics from '../../../plugins/analytics/index.ts';
import charts from '../../../plugins/charts/index.ts';
import { createTestClock } from '../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { pngSize } from '../charts/pixels.ts';
import { createMachines } from './machines.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 19, 12);
const machines = createMachines();
const clock = createTestClock(NOW);
let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub({ plugins: [machines.plugin, charts, analytics], clock });
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(() => machines.world.clear());

interface Output {
  readonly model: string;
  readonly unit: string;
  readonly backtest: readonly { readonly model: string; readonly mase: number }[];
  readonly coverage: number;
  readonly points: readonly { readonly at: number; readonly p10: number; readonly p50: number; readonly p90: number }[];
  readonly history: { readonly steps: number; readonly generated: boolean };
  readonly picture: { readonly alt: string; readonly base64: string };
}

function addVm(id: string, tags: readonly string[] = []): void {
  machines.world.set(id, { kind: 'vm', id, name: `${id}-name`, tenant: 'default', tags, owner: null });
}

type Values = (at: number, i: number) => SampleBatch['rows'][number]['values'];

/** Samples every 5 minutes that end `endsAt`. */
async function measure(id: string, values: Values, { minutes, endsAt = NOW }: { minutes: number; endsAt?: number }): Promise<void> {
  const count = Math.floor(minutes / 5);
  const batches = Array.from({ length: count }, (_, i): SampleBatch => {
    const at = endsAt - (count - i) * 5 * MINUTE;
    return { table: 'vm', at, rows: [{ entity: id, values: values(at, i) }] };
  });
  for (let start = 0; start < batches.length; start += 60) await hub.metrics.write('monitoring', batches.slice(start, start + 60));
}

async function forecast(input: object, role: 'viewer' | 'admin' = 'viewer', tenant = 'default'): Promise<{ output: Output; view: View }> {
  const outcome = await hub.actions.execute('forecast.vm', input, { actor: hub.as(role, tenant), via: 'slack' });
  if (outcome.is !== 'done') throw new Error(outcome.is);
  return { output: outcome.output as unknown as Output, view: outcome.view };
}

const daily = (at: number): { cpuRatio: number } => ({ cpuRatio: 0.4 + 0.3 * Math.sin((at / MINUTE / 1440) * 2 * Math.PI) });

describe('a forecast that cannot be made', () => {
  it('says that there is no such VM, also to another tenant', async () => {
    addVm('private');
    await expect(forecast({ vm: 'nobody' })).rejects.toMatchObject({ code: 'vm_unknown', status: 404 });
    await expect(forecast({ vm: 'private' }, 'viewer', 'other')).rejects.toMatchObject({ code: 'vm_unknown', status: 404 });
  });

  it('says which metrics there are', async () => {
    addVm('a');
    await expect(forecast({ vm: 'a', metric: 'cpu; drop table' })).rejects.toMatchObject({ code: 'metric_unknown', status: 422 });
    await expect(forecast({ vm: 'a', metric: 'vm.cpu' })).rejects.toThrow(/There are: .*vm\.cpuRatio/);
  });

  it.each(['soon', '1m', '365d', '-6h', ''])('refuses the horizon %o', async (horizon) => {
    addVm('a');
    await expect(forecast({ vm: 'a', horizon })).rejects.toMatchObject({ code: 'input_invalid' });
  });

  it('says what history there is and what it needs', async () => {
    addVm('young');
    await expect(forecast({ vm: 'young' })).rejects.toMatchObject({ code: 'forecast_history_short', status: 422 });
    await measure('young', daily, { minutes: 45 });
    await expect(forecast({ vm: 'young' })).rejects.toThrow(
      /only 45 min of history; a forecast needs at least 2 h \(and 3 days for the whole 24 h\)/,
    );
  });

  it('does not go on from what ended long ago', async () => {
    addVm('stopped');
    await measure('stopped', daily, { minutes: 4 * 1440, endsAt: NOW - 3 * 1440 * MINUTE });
    await expect(forecast({ vm: 'stopped', horizon: '24h' })).rejects.toMatchObject({ code: 'forecast_history_old', status: 422 });
  });
});

describe('a forecast of a VM', () => {
  it('has points, scores of all models on that history, and a picture with words for it', async () => {
    addVm('web');
    await measure('web', daily, { minutes: 14 * 1440 });
    const { output, view } = await forecast({ vm: 'web-name' });
    expect(output.points).toHaveLength(24);
    expect(output.points[0]?.at).toBe(NOW);
    expect(output.backtest.map(({ model }) => model)).toEqual(expect.arrayContaining(['seasonal-168h', 'nlinear', 'combination']));
    expect(output.backtest[0]?.mase).toBeLessThan(0.1);
    expect(output.history).toMatchObject({ steps: 336, generated: false });
    expect(pngSize(Buffer.from(output.picture.base64, 'base64'))).toEqual({ width: 1600, height: 800 });
    expect(view.text).toMatch(
      /^CPU of web-name over the next 24 h will most likely be between 10\.\d % and 69\.\d %, highest near 2026-01-20 0[5-7]:00 UTC\./,
    );
    expect(view.text).toMatch(/Model: (the weighted median of|[\w-]+, chosen from) \d+/);
    expect(view.pictures).toEqual([output.picture]);
    expect(view.table?.rows).toHaveLength(output.backtest.length);
  });

  it('shortens the horizon for a young VM and says so', async () => {
    addVm('short');
    await measure('short', daily, { minutes: 180 });
    const { output, view } = await forecast({ vm: 'short' });
    expect(output.points).toHaveLength(12);
    expect(view.text).toContain('You asked for 24 h; 3 h of history carry only 60 min. For 24 h, 3 days are needed.');
  });

  it('of a counter is one of its rate', async () => {
    addVm('busy');
    await measure('busy', (_, i) => ({ cpuTimeSeconds: i * 150 }), { minutes: 4 * 1440 });
    const { output } = await forecast({ vm: 'busy', metric: 'cpuTimeSeconds' });
    expect(output.unit).toBe('ratio');
    for (const { p50 } of output.points) expect(p50).toBeCloseTo(0.5, 2);
  });

  it('of memory never exceeds the memory of the VM', async () => {
    addVm('full');
    await measure('full', (_, i) => ({ memoryBytes: 1000, memoryUsedBytes: 500 + i * 0.34 }), { minutes: 5 * 1440 });
    const { output } = await forecast({ vm: 'full', metric: 'vm.memoryUsedBytes', horizon: '24h' });
    expect(Math.max(...output.points.map(({ p90 }) => p90))).toBe(1000);
  });

  it('says of a demo VM that its history was generated', async () => {
    addVm('demo-x', ['demo']);
    await measure('demo-x', daily, { minutes: 4 * 1440 });
    const { output, view } = await forecast({ vm: 'demo-x' });
    expect(output.history.generated).toBe(true);
    expect(output.picture.alt).toContain('History (generated)');
    expect(view.text).toContain('was generated for demonstration');
  });
});
