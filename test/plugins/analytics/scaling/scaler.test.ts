import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleBatch } from 'novacron/plugin';
import analytics from '../../../../plugins/analytics/index.ts';
import { createScalingStore, type ScalingStore } from '../../../../plugins/analytics/scaling/store.ts';
import charts from '../../../../plugins/charts/index.ts';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { createTestClock } from '../../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { DAY_MS, NOW, vm } from '../recommendations/series.ts';
import { createVmWorld } from '../recommendations/world.ts';

const HOUR_MS = 3_600_000;
const clock = createTestClock(NOW);
const vms = new Map<string, VmStatus>([['peaky', vm({ id: 'peaky', name: 'peaky', tags: ['web'], vcpus: 2 })]]);

let hub: TestHub;
let store: ScalingStore;
beforeAll(async () => {
  hub = await startTestHub({ plugins: [createVmWorld(vms), charts, analytics], clock });
  store = createScalingStore(await hub.state.pluginDatabase('analytics'));
  await measure(NOW - 14 * DAY_MS, NOW);
});
afterAll(() => hub[Symbol.asyncDispose]());

/** Busy each day from 13 to 15 o'clock, which begins an hour after NOW. */
async function measure(from: number, to: number): Promise<void> {
  const batches: SampleBatch[] = [];
  for (let at = from; at < to; at += 300_000) {
    const hour = new Date(at).getUTCHours();
    const wiggle = 0.01 * Math.sin(at / 1e6);
    batches.push({
      table: 'vm',
      at,
      rows: [{ entity: 'peaky', values: { cpuRatio: (hour === 13 || hour === 14 ? 0.95 : 0.2) + wiggle } }],
    });
  }
  for (let start = 0; start < batches.length; start += 100) await hub.metrics.write('monitoring', batches.slice(start, start + 100));
}

const POLICY = {
  name: 'web-load',
  tag: 'web',
  limit: 0.8,
  horizonSeconds: 4 * 3600,
  overloadCost: 50,
  actCost: 2,
  action: 'vm.resize',
  input: '{"vcpus":4}',
  undoAction: 'vm.resize',
  undoInput: '{"vcpus":2}',
};
const at = { tenant: 'default', name: 'web-load' };

describe('a scaling policy', () => {
  it('is refused with an action that its author may not do, and with an input that is none', async () => {
    await expect(hub.run('scaling.create', { ...POLICY, action: 'vm.explode' })).rejects.toThrow('action_unknown');
    await expect(hub.run('scaling.create', { ...POLICY, input: '[1]' })).rejects.toMatchObject({ code: 'input_invalid' });
    await expect(hub.run('scaling.create', POLICY, hub.as('viewer'))).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('writes down in shadow what it would do, does nothing, and is judged by what came', async () => {
    await hub.run('scaling.create', POLICY, hub.as('operator'));
    await hub.run('scaling.look', {});
    await hub.run('scaling.look', {});
    const [decision, ...others] = await store.decisions(at);
    expect(decision).toMatchObject({ vm: 'peaky', wouldAct: true, overloaded: null });
    expect(others).toEqual([]);
    expect(vms.get('peaky')?.vcpus).toBe(2);
    clock.advance(4 * HOUR_MS);
    await measure(NOW, clock.now());
    await hub.run('scaling.look', {});
    const shown = await hub.run('scaling.show', { name: 'web-load' }, hub.as('viewer'));
    expect(shown).toMatchObject({ stage: 'shadow', record: { judged: 1, overloads: 1, foreseen: 1, needless: 0 } });
    await expect(hub.run('scaling.promote', { name: 'web-load' })).rejects.toMatchObject({ code: 'scaling_test_failed' });
    await expect(hub.run('scaling.show', { name: 'web-load' }, hub.as('operator', 'other'))).rejects.toMatchObject({
      code: 'scaling_unknown',
    });
  });

  it('recommends when it may ask', async () => {
    await store.setStage(at, 'ask', clock.now());
    clock.advance(20 * HOUR_MS);
    await measure(NOW + 4 * HOUR_MS, clock.now());
    await hub.run('scaling.look', {});
    const { recommendations } = (await hub.run('recommendation.list', {}, hub.as('operator'))) as {
      recommendations: { title: string; suggestion: object }[];
    };
    expect(recommendations).toMatchObject([
      { title: 'peaky will probably be overloaded within 4 h: vm resize.', suggestion: { input: { vm: 'peaky', vcpus: 4 } } },
    ]);
    expect(vms.get('peaky')?.vcpus).toBe(2);
  });

  it('acts when it may, once, in its own name, and takes it back when the load has gone', async () => {
    await store.setStage(at, 'act', clock.now());
    clock.advance(24 * HOUR_MS);
    await measure(NOW + 24 * HOUR_MS, clock.now());
    await hub.run('scaling.look', {});
    await expect.poll(() => vms.get('peaky')?.vcpus).toBe(4);
    const [job, ...more] = await hub.jobs.list({ target: { kind: 'vm', id: 'peaky' } }, hub.as('admin'));
    expect([job?.actor.name, more.length]).toEqual(['scaling policy web-load', 0]);
    clock.advance(4 * HOUR_MS);
    await measure(clock.now() - 4 * HOUR_MS, clock.now());
    await hub.run('scaling.look', {});
    await expect.poll(() => vms.get('peaky')?.vcpus).toBe(2);
    expect(await store.inForce(at)).toEqual([]);
  });

  it('is refused where it would never see an overload', async () => {
    await expect(hub.run('scaling.create', { ...POLICY, name: 'never', limit: 85 })).rejects.toThrow('scaling_limit_never');
    await expect(hub.run('scaling.create', { ...POLICY, name: 'never', metric: 'vm.cpuratio' })).rejects.toThrow('metric_unknown');
  });

  /** At 12 o'clock, an hour before the load. */
  const untilNoon = async (): Promise<void> => {
    const from = clock.now();
    clock.advance(DAY_MS - ((from - NOW) % DAY_MS));
    await measure(from, clock.now());
  };

  it('does what it had decided when the hub died before it was done, and once', async () => {
    await untilNoon();
    const decision = { tenant: 'default', policy: 'web-load', vm: 'peaky', at: clock.now(), dueAt: clock.now() + 4 * HOUR_MS, chance: 0.9 };
    await store.decide({ ...decision, wouldAct: true, overloaded: null });
    const before = (await hub.jobs.list({ target: { kind: 'vm', id: 'peaky' } }, hub.as('admin'))).length;
    await hub.run('scaling.look', {});
    await expect.poll(() => vms.get('peaky')?.vcpus).toBe(4);
    await hub.run('scaling.look', {});
    expect(await store.inForce(at)).toMatchObject([{ at: decision.at }]);
    expect((await hub.jobs.list({ target: { kind: 'vm', id: 'peaky' } }, hub.as('admin'))).length).toBe(before + 1);
  });

  it('takes back what it has done when it may not act any more, and is not deleted before', async () => {
    await expect(hub.run('scaling.delete', { name: 'web-load' }, hub.as('operator'))).rejects.toThrow('scaling demote web-load');
    expect(await hub.run('scaling.demote', { name: 'web-load' }, hub.as('operator'))).toMatchObject({ inForce: 1 });
    await hub.run('scaling.look', {});
    await expect.poll(() => vms.get('peaky')?.vcpus).toBe(2);
    expect(await store.inForce(at)).toEqual([]);
  });

  it('counts nothing where nothing was measured', async () => {
    const decision = { tenant: 'default', policy: 'web-load', vm: 'peaky', at: clock.now(), dueAt: clock.now() + 4 * HOUR_MS, chance: 0.9 };
    await store.decide({ ...decision, wouldAct: true, overloaded: null });
    clock.advance(5 * HOUR_MS);
    await hub.run('scaling.look', {});
    expect((await store.decisions(at)).find((one) => one.at === decision.at)).toMatchObject({ overloaded: null });
    expect(await store.due(clock.now())).not.toContainEqual(expect.objectContaining({ at: decision.at }));
    await hub.run('scaling.delete', { name: 'web-load' }, hub.as('operator'));
  });
});
