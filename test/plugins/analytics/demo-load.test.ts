import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import analytics from '../../../plugins/analytics/index.ts';
import charts from '../../../plugins/charts/index.ts';
import { createTestClock } from '../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createMachines } from './machines.ts';

const DAY_MS = 86_400_000;
const machines = createMachines();
const clock = createTestClock(Date.UTC(2026, 0, 19, 12, 3));
let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub({ plugins: [machines.plugin, charts, analytics], clock });
});
afterAll(() => hub[Symbol.asyncDispose]());

interface Loaded {
  readonly vms: readonly { readonly id: string; readonly name: string; readonly created: boolean; readonly rows: number }[];
}
const load = async (): Promise<Loaded> => (await hub.run('demo.load', {})) as unknown as Loaded;

async function rowsOf(metric: string, id: string): Promise<number> {
  const query = {
    metric,
    targets: [id],
    from: clock.now() - 20 * DAY_MS,
    to: clock.now() + DAY_MS,
    stepSeconds: 300,
    aggregate: 'last' as const,
  };
  const frame = await hub.metrics.query(query, AbortSignal.timeout(10_000));
  return frame.fields[0]?.values.length ?? 0;
}

// One story, in order: what one call leaves is what the next one finds.
describe('loading the demo', () => {
  it('is refused to all but admins', async () => {
    await expect(hub.run('demo.load', {}, hub.as('operator'))).rejects.toThrow(/permission_denied/);
    expect(machines.made).toEqual([]);
  });

  it('never writes into a VM of that name that is not of the demo', async () => {
    machines.world.set('demo-web', { kind: 'vm', id: 'mine', name: 'demo-web', tenant: 'default', tags: [], owner: null });
    await expect(load()).rejects.toThrow(/demo_name_taken/);
    expect(await rowsOf('vm.cpuRatio', 'mine')).toBe(0);
    machines.world.clear();
  });

  it('says why a VM could not be made', async () => {
    machines.world.set('no-room', { kind: 'vm', id: 'x', name: 'x', tenant: 'default', tags: [], owner: null });
    await expect(load()).rejects.toThrow(/demo_vm_failed: The VM 'demo-batch' was not created: There is no room/);
    machines.world.delete('no-room');
  });

  it('goes on where it failed: three tagged VMs with 14 days of history each', async () => {
    const { vms } = await load();
    expect(vms.map(({ name, created }) => [name, created])).toEqual([
      ['demo-web', false],
      ['demo-batch', true],
      ['demo-grow', true],
    ]);
    expect([...machines.world.values()].every(({ tags }) => tags.includes('demo'))).toBe(true);
    for (const { id } of vms) {
      expect(await rowsOf('vm.cpuRatio', id)).toBe((14 * 86_400) / 300);
      expect(await rowsOf('vm.disk.readBytes', id)).toBe((14 * 86_400) / 300);
    }
  });

  it('adds nothing the second time, nor days later', async () => {
    const before = await load();
    expect(before.vms.map(({ created, rows }) => [created, rows])).toEqual([0, 1, 2].map(() => [false, 0]));
    clock.advance(3 * DAY_MS);
    const later = await load();
    expect(later.vms.every(({ rows }) => rows === 0)).toBe(true);
    clock.advance(-3 * DAY_MS);
    expect(machines.made).toEqual(['demo-web', 'demo-batch', 'demo-grow']);
  });

  it('gives a history that can be forecast, and says that it is generated', async () => {
    const input = { vm: 'demo-grow', metric: 'vm.memoryUsedBytes' };
    const outcome = await hub.actions.execute('forecast.vm', input, { actor: hub.as('viewer'), via: 'slack' });
    expect(outcome).toMatchObject({ is: 'done', output: { history: { generated: true, missing: 0 } } });
  });
});
