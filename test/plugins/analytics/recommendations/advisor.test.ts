import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json, SampleBatch } from 'novacron/plugin';
import analytics from '../../../../plugins/analytics/index.ts';
import charts from '../../../../plugins/charts/index.ts';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { createTestClock } from '../../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { DAY_MS, GIB, NOW, vm } from './series.ts';
import { createVmWorld } from './world.ts';

const HOUR_MS = 3_600_000;
const clock = createTestClock(NOW);
const vms = new Map<string, VmStatus>([
  ['idle', vm({ id: 'idle', name: 'idle', vcpus: 2, memoryBytes: 2 * GIB })],
  ['large', vm({ id: 'large', name: 'large', tenant: 'other' })],
]);

const world = createVmWorld(vms);

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ plugins: [world, charts, analytics], clock });
  await measure(NOW - 7 * DAY_MS - HOUR_MS, NOW);
});
afterAll(() => hub[Symbol.asyncDispose]());

/** One VM that does nothing, and one that uses a quarter of its processors and most of its memory. */
async function measure(from: number, to: number): Promise<void> {
  const batches: SampleBatch[] = [];
  for (let at = from; at < to; at += 300_000) {
    const seconds = (at - from) / 1000;
    const rows = [
      { entity: 'idle', values: { cpuRatio: 0.001, memoryUsedBytes: 0.2 * GIB } },
      { entity: 'large', values: { cpuRatio: 0.24, memoryUsedBytes: 3.4 * GIB } },
    ];
    const nics = [
      { entity: 'idle', device: 'nic0', values: { receiveBytes: Math.round(seconds * 5), transmitBytes: 0 } },
      { entity: 'large', device: 'nic0', values: { receiveBytes: Math.round(seconds * 1e6), transmitBytes: 0 } },
    ];
    batches.push(
      { table: 'vm', at, rows: rows.filter(({ entity }) => vms.get(entity)?.state === 'running') },
      { table: 'vm.nic', at, rows: nics },
    );
  }
  for (let start = 0; start < batches.length; start += 60) await hub.metrics.write('monitoring', batches.slice(start, start + 60));
}

interface Shown {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly measured: { readonly text: string } | null;
}

const list = async (state: string, actor = hub.as('admin')): Promise<Shown[]> =>
  ((await hub.run('recommendation.list', { state }, actor)) as unknown as { recommendations: Shown[] }).recommendations;

describe('recommendations', () => {
  it('are found, each person sees those of their tenant, and a second look finds the same ones', async () => {
    expect(await hub.run('recommendation.look', {})).toEqual({ open: 2 });
    expect(await hub.run('recommendation.look', {})).toEqual({ open: 2 });
    expect((await list('open')).map(({ kind }) => kind).toSorted()).toEqual(['power-off', 'shrink']);
    expect((await list('open', hub.as('viewer'))).map(({ kind }) => kind)).toEqual(['power-off']);
    const [theirs] = await list('open', hub.as('viewer', 'other'));
    expect(theirs?.kind).toBe('shrink');
    await expect(hub.run('recommendation.show', { recommendation: theirs?.id }, hub.as('viewer'))).rejects.toMatchObject({
      code: 'recommendation_unknown',
    });
  });

  it('come with a button whose input is filled in', async () => {
    const [one] = await list('open', hub.as('viewer'));
    const outcome = await hub.actions.execute(
      'recommendation.show',
      { recommendation: one?.id },
      { actor: hub.as('operator'), via: 'slack' },
    );
    expect(outcome).toMatchObject({
      is: 'done',
      view: { suggestions: [{ action: 'vm.shutdown', input: { vm: 'idle' } }], card: { title: 'Switch off idle, which does nothing.' } },
    });
  });

  it('that were followed are measured later, and the record says so', async () => {
    await hub.run('vm.shutdown', { vm: 'idle' }, hub.as('operator'));
    await hub.run('recommendation.look', {});
    expect((await list('applied')).map(({ kind }) => kind)).toEqual(['power-off']);
    expect(await list('kept')).toEqual([]);
    clock.advance(25 * HOUR_MS);
    await measure(NOW, NOW + 25 * HOUR_MS);
    await hub.run('recommendation.look', {});
    expect(await list('kept')).toMatchObject([{ kind: 'power-off', measured: { text: 'memory freed: 2 GiB (promised 2 GiB).' } }]);
    expect(await hub.run('recommendation.record', {})).toEqual({
      kinds: [{ kind: 'power-off', kept: 1, missed: 0, dismissed: 0 }],
    } satisfies Json);
  });

  it('that were dismissed are not given again, and only once', async () => {
    const [one] = await list('open');
    await expect(hub.run('recommendation.dismiss', { recommendation: one?.id }, hub.as('operator'))).rejects.toMatchObject({
      code: 'recommendation_unknown',
    });
    await hub.run('recommendation.dismiss', { recommendation: one?.id });
    expect(await hub.run('recommendation.look', {})).toEqual({ open: 0 });
    const [kept] = await list('kept');
    await expect(hub.run('recommendation.dismiss', { recommendation: kept?.id })).rejects.toThrow(/recommendation_decided.*kept/);
    clock.advance(31 * DAY_MS);
    await measure(clock.now() - 7 * DAY_MS - HOUR_MS, clock.now());
    expect(await hub.run('recommendation.look', {})).toEqual({ open: 1 });
  });

  it('go away by themselves with their reason', async () => {
    vms.set('large', { ...vms.get('large')!, vcpus: 1 });
    expect(await hub.run('recommendation.look', {})).toEqual({ open: 0 });
    expect((await list('gone')).map(({ kind }) => kind)).toEqual(['shrink']);
  });
});
