import { expect, test } from 'vitest';
import analytics from '../../../plugins/analytics/index.ts';
import charts from '../../../plugins/charts/index.ts';
import monitoring from '../../../plugins/monitoring/index.ts';
import { startLab, vmsOf } from '../hypervisor/kit.ts';
import '../../kit/libvirt-host.ts';

test('the demo makes three real VMs with a history that can be forecast', async () => {
  await using lab = await startLab({}, [monitoring, charts, analytics]);
  const { hub } = lab;
  const rows = (14 * 86_400) / 300;
  expect(await hub.run('demo.load', {})).toMatchObject({ vms: [0, 1, 2].map(() => ({ created: true, rows: 3 * rows })), days: 14 });
  expect((await vmsOf(hub)).map(({ name, tags, state }) => [name, tags, state])).toEqual(
    ['demo-batch', 'demo-grow', 'demo-web'].map((name) => [name, ['demo'], 'running']),
  );
  const outcome = await hub.actions.execute('forecast.vm', { vm: 'demo-web' }, { actor: hub.as('viewer'), via: 'slack' });
  expect(outcome).toMatchObject({ is: 'done', output: { history: { generated: true, missing: 0 }, unit: 'ratio' } });
}, 120_000);
