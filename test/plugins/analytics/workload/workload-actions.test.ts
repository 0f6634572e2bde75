import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleBatch, View } from 'novacron/plugin';
import analytics from '../../../../plugins/analytics/index.ts';
import charts from '../../../../plugins/charts/index.ts';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { createTestClock } from '../../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { cron, daily, FROM, generate, STEP_MS, type Moment } from '../anomaly/generated.ts';
import { vm } from '../recommendations/series.ts';
import { createVmWorld } from '../recommendations/world.ts';

const DAYS = 7;
const ROWS = DAYS * 288;
const SECOND_NS = 1_000_000_000;
const noisy = (row: number): number => (row % 50 < 10 ? 1 : 0.02);

const courses: Readonly<Record<string, (moment: Moment) => number>> = {
  'web-1': daily,
  'web-2': (moment) => 0.5 * daily(moment),
  backup: cron(),
  hog: ({ row }) => noisy(row),
  theirs: daily,
};
const vms = new Map<string, VmStatus>(
  [...Object.keys(courses), 'young'].map((name) => [
    name,
    vm({ id: name, name, vcpus: 1, tenant: name === 'theirs' ? 'other' : 'default' }),
  ]),
);

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ plugins: [createVmWorld(vms), charts, analytics], clock: createTestClock(FROM + ROWS * STEP_MS) });
  const series = Object.entries(courses).map(([name, course], seed) => ({ name, values: generate(DAYS, course, seed + 1) }));
  const batches: SampleBatch[] = [];
  let waited = 0n;
  for (let row = 0; row < ROWS; row++) {
    // `web-1` waits for a CPU of its host whenever `hog` works.
    waited += BigInt(Math.round(0.1 * noisy(row) * (STEP_MS / 1000) * SECOND_NS));
    const rows = series.map(({ name, values }) => ({
      entity: name,
      values: { cpuRatio: Math.max(0, values[row] ?? 0), ...(name === 'web-1' && { cpuWaitSeconds: waited }) },
    }));
    if (row === ROWS - 1) rows.push({ entity: 'young', values: { cpuRatio: 0.5 } });
    batches.push({ table: 'vm', at: FROM + (row + 1) * STEP_MS - 1, rows });
  }
  for (let first = 0; first < batches.length; first += 60) await hub.metrics.write('monitoring', batches.slice(first, first + 60));
});
afterAll(() => hub[Symbol.asyncDispose]());

async function see(id: string, input: object, tenant = 'default'): Promise<View> {
  const outcome = await hub.actions.execute(id, input, { actor: hub.as('viewer', tenant), via: 'slack' });
  if (outcome.is !== 'done') throw new Error(outcome.is);
  return outcome.view;
}

describe('workload show', () => {
  it('says what a VM does and why, whose days look alike, and who makes it wait', async () => {
    const { text } = await see('workload.show', { vm: 'web-1' });
    expect(text).toMatch(/^web-1 is daily\. The hour of the day tells 9\d/);
    expect(text).toContain('Its days look like those of web-2 (');
    expect(text).not.toContain('theirs');
    expect(text).toMatch(/web-1 waits up to 1\d?(\.\d)? % of its time for a CPU of the host, most when hog is busiest/);
  });

  it('says that too little was measured, and nothing of what is not yours', async () => {
    await expect(see('workload.show', { vm: 'young' })).rejects.toMatchObject({ code: 'workload_history_short', status: 422 });
    await expect(see('workload.show', { vm: 'theirs' })).rejects.toMatchObject({ code: 'vm_unknown' });
  });
});

it('workload list names the class of each VM of one tenant, and how many are not known yet', async () => {
  const view = await see('workload.list', {});
  expect(view.text).toBe('4 VMs. Of 1 too little is known.');
  expect(view.table?.rows.map(([name, kind]) => `${name}: ${kind}`).toSorted()).toEqual([
    'backup: batch',
    'hog: bursty',
    'web-1: daily',
    'web-2: daily',
  ]);
  expect((await see('workload.list', { class: 'batch' })).table?.rows).toHaveLength(1);
  expect((await see('workload.list', { class: 'idle' })).text).toBe('There is no such VM. Of 1 too little is known.');
});
