import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleBatch, View } from 'novacron/plugin';
import analytics from '../../../plugins/analytics/index.ts';
import charts from '../../../plugins/charts/index.ts';
import { createTestClock } from '../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createMachines } from './machines.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 19, 12);
const STEP = 15 * MINUTE;
const machines = createMachines();
let hub: TestHub;

function addVm(id: string, tenant = 'default'): void {
  machines.world.set(id, { kind: 'vm', id, name: `${id}-name`, tenant, tags: [], owner: null });
}

/** Ten days, every 15 minutes. */
async function measure(id: string, values: (share: number, at: number) => Readonly<Record<string, number>>): Promise<void> {
  const count = 960;
  const batches = Array.from({ length: count }, (_, i): SampleBatch => {
    const at = NOW - (count - i) * STEP;
    return { table: 'vm', at, rows: [{ entity: id, values: values(i / count, at) }] };
  });
  for (let start = 0; start < batches.length; start += 60) await hub.metrics.write('monitoring', batches.slice(start, start + 60));
}

beforeAll(async () => {
  hub = await startTestHub({
    config: { tenants: ['default', 'other', 'fleet'] },
    plugins: [machines.plugin, charts, { plugin: analytics, config: { targetsMax: 4 } }],
    clock: createTestClock(NOW),
  });
  for (const id of ['web', 'grows', 'new']) addVm(id);
  addVm('secret', 'other');
  const wave = (at: number): number => 0.4 + 0.3 * Math.sin((at / MINUTE / 1440) * 2 * Math.PI);
  await measure('web', (_, at) => ({ cpuRatio: wave(at), memoryBytes: 1000, memoryUsedBytes: 300 }));
  await measure('grows', (share, at) => ({ cpuRatio: wave(at + 6 * 60 * MINUTE), memoryBytes: 1000, memoryUsedBytes: 400 + 500 * share }));
});
afterAll(() => hub[Symbol.asyncDispose]());

async function ask(id: string, input: object): Promise<{ output: unknown; view: View }> {
  const outcome = await hub.actions.execute(id, input, { actor: hub.as('viewer'), via: 'slack' });
  if (outcome.is !== 'done') throw new Error(outcome.is);
  return { output: outcome.output, view: outcome.view };
}

interface Metric {
  readonly forecasts: readonly { readonly target: { readonly name: string }; readonly points: readonly unknown[] }[];
  readonly failures: readonly { readonly target: string; readonly code: string }[];
}

describe('of a fleet', () => {
  const names = ['calm-1', 'calm-2', 'calm-3', 'calm-4', 'calm-5', 'creeps'];

  beforeAll(async () => {
    for (const id of names) {
      addVm(id, 'fleet');
      await measure(id, (share) => ({ memoryUsedRatio: id === 'creeps' ? 0.3 + 0.5 * share : 0.5 + 0.01 * Math.sin(share * 100) }));
    }
  });
  const asFleet = async (id: string, input: object) => {
    const outcome = await hub.actions.execute(id, input, { actor: hub.as('viewer', 'fleet'), via: 'http' });
    if (outcome.is !== 'done') throw new Error(outcome.is);
    return { output: outcome.output as { outlooks?: { target: { name: string } }[] }, text: outcome.view.text };
  };

  it('those that are nearest to full are forecast, wherever they stand in the list, and it is said that there are more', async () => {
    const { output, text } = await asFleet('forecast.full', { metric: 'vm.memoryUsedRatio' });
    expect(output.outlooks?.map(({ target }) => target.name)).toContain('creeps-name');
    expect(output.outlooks).toHaveLength(4);
    expect(text).toMatch(/^memory used: creeps-name will most likely reach 100 % in .* Of 6 the 4 nearest to their limit were forecast\.$/);
  });

  it('a limit that a share never has is refused', async () => {
    await expect(asFleet('forecast.full', { metric: 'vm.memoryUsedRatio', limit: 90 })).rejects.toMatchObject({
      code: 'forecast_limit_unknown',
    });
  });

  it('a metric says how many it is not of', async () => {
    const { text } = await asFleet('forecast.metric', { metric: 'vm.memoryUsedRatio' });
    expect(text).toContain('There are 6; name those that you want (4 at once).');
  });
});

describe('a forecast of a metric of several things', () => {
  it('answers for those that it can, and says why not for the others', async () => {
    const { output: raw, view } = await ask('forecast.metric', { metric: 'vm.cpuRatio', targets: ['web', 'grows', 'new'] });
    const output = raw as Metric;
    expect(output.forecasts.map(({ target, points }) => [target.name, points.length])).toEqual([
      ['web-name', 24],
      ['grows-name', 24],
    ]);
    expect(output.failures).toMatchObject([{ target: 'new-name', code: 'forecast_history_short' }]);
    expect(view.text).toContain('Not new-name: Too little history.');
    expect(view.pictures).toHaveLength(2);
    expect(view.table?.rows).toHaveLength(2);
  });

  it('throws what is said of the only one', async () => {
    await expect(ask('forecast.metric', { metric: 'vm.cpuRatio', targets: ['new'] })).rejects.toMatchObject({
      code: 'forecast_history_short',
    });
  });

  it('does not show what belongs to another tenant, and does not take more than it may', async () => {
    const targets = ['secret'];
    await expect(ask('forecast.metric', { metric: 'vm.cpuRatio', targets })).rejects.toMatchObject({ code: 'vm_unknown' });
    await expect(ask('forecast.full', { metric: 'vm.memoryUsedBytes', targets })).rejects.toMatchObject({ code: 'vm_unknown' });
    await expect(ask('forecast.scores', { metric: 'vm.cpuRatio', targets })).rejects.toMatchObject({ code: 'vm_unknown' });
    const many = ['a', 'b', 'c', 'd', 'e'];
    await expect(ask('forecast.metric', { metric: 'vm.cpuRatio', targets: many })).rejects.toMatchObject({ code: 'input_invalid' });
  });
});

describe('the time to full', () => {
  interface Full {
    readonly outlooks: readonly {
      readonly target: { readonly name: string };
      readonly limit: number;
      readonly probability: number;
      readonly p50At: number | null;
      readonly points: readonly { readonly at: number; readonly p50: number }[];
    }[];
  }

  it('names the soonest and what stays away', async () => {
    const { output: raw, view } = await ask('forecast.full', { metric: 'vm.memoryUsedBytes', targets: ['web', 'grows'], horizon: '4d' });
    const [web, grows] = (raw as Full).outlooks;
    expect(web).toMatchObject({ limit: 1000, probability: 0, p50At: null });
    expect(grows?.probability).toBe(1);
    const hours = ((grows?.p50At ?? 0) - NOW) / 3_600_000;
    expect(hours).toBeGreaterThan(40);
    expect(hours).toBeLessThan(56);
    expect(grows?.points.find(({ p50 }) => p50 >= 1000)?.at).toBeLessThan(NOW + 56 * 3_600_000);
    expect(view.text).toMatch(/^memory used: grows-name will most likely reach .* in \d/);
    expect(view.table?.rows[0]?.[0]).toBe('grows-name');
  });

  it('of several as one adds amounts and capacities, and refuses ratios', async () => {
    const asked = { metric: 'vm.memoryUsedBytes', targets: ['web', 'grows'], together: true, horizon: '4d' };
    const { output } = await ask('forecast.full', asked);
    expect(output).toMatchObject({ outlooks: [{ target: { name: '2 together' }, limit: 2000, probability: 0, p50At: null }] });
    const { output: lower } = await ask('forecast.full', { ...asked, limit: 1250 });
    expect(lower).toMatchObject({ outlooks: [{ limit: 1250, probability: 1 }] });
    await expect(ask('forecast.full', { ...asked, metric: 'vm.cpuRatio' })).rejects.toMatchObject({ code: 'input_invalid' });
  });

  it('asks for a limit where there is none', async () => {
    await expect(ask('forecast.full', { metric: 'vm.memoryBytes', targets: ['web'] })).rejects.toMatchObject({
      code: 'forecast_limit_unknown',
    });
  });
});

describe('the record', () => {
  it('lists what was forecast, by name', async () => {
    const { output, view } = await ask('forecast.scores', {
      metric: 'vm.cpuRatio',
      targets: ['web'],
    });
    expect(output).toMatchObject({ forecasts: [{ target: 'web-name', mase: null }], summary: { made: 1, over: 0, mase: null } });
    expect(view.text).toContain('1 forecast was made; none has come to its end yet');
  });

  it('says that no model was trained yet', async () => {
    const { view } = await ask('forecast.models', {});
    expect(view.text).toContain('No model has been trained across series yet');
  });
});
