import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { definePlugin, type SampleBatch } from 'novacron/plugin';
import { anomalyMigrations } from '../../../../plugins/analytics/anomaly/store.ts';
import { createWatch, type Watch, type WatchContext } from '../../../../plugins/analytics/anomaly/watch.ts';
import { config, needs } from '../../../../plugins/analytics/config.ts';
import type { Anomaly } from '../../../../plugins/analytics/port.ts';
import charts from '../../../../plugins/charts/index.ts';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { createTestClock } from '../../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { vm } from '../recommendations/series.ts';
import { createVmWorld } from '../recommendations/world.ts';
import { daily, DAY_ROWS, FROM, generate, STEP_MS } from './generated.ts';

const LAST = 14 * DAY_ROWS;
const clock = createTestClock(FROM);
const vms = new Map<string, VmStatus>([['db-1', vm({ id: 'db-1', name: 'db-1' })]]);

let context: WatchContext;
/** Has what the plugin has, but does nothing by itself: the test says when it looks. */
const watcher = definePlugin({ name: 'watcher', api: 1, config, needs, provides: {} }, () => ({
  migrations: anomalyMigrations,
  start(ctx) {
    context = ctx;
    return {};
  },
}));

let hub: TestHub;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'novacron-crash-'));
  hub = await startTestHub({
    plugins: [createVmWorld(vms), charts, { plugin: watcher, config: { anomalies: { metrics: ['vm.cpuRatio'] } } }],
    clock,
  });
  const events = new Map([
    [3, 0.5],
    [22, 1],
  ]);
  const values = generate(15, (moment) => (moment.day === 14 ? events.get(Math.floor(moment.hour)) : undefined) ?? daily(moment));
  const batches = values.map((cpuRatio, row): SampleBatch => ({
    table: 'vm',
    at: FROM + row * STEP_MS,
    rows: [{ entity: 'db-1', values: { cpuRatio } }],
  }));
  for (let first = 0; first < batches.length; first += 60) await hub.metrics.write('monitoring', batches.slice(first, first + 60));
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

const signal = AbortSignal.timeout(60_000);

async function open(told: Anomaly[]): Promise<Watch> {
  const watch = await createWatch(context, dataDir);
  watch.subscribe((anomaly) => told.push(anomaly));
  return watch;
}

it('what is read again after a crash is no second finding, and what came meanwhile is found', async () => {
  const told: Anomaly[] = [];
  clock.advance((LAST - DAY_ROWS) * STEP_MS);
  const first = await open(told);
  await first.catchUp(signal);
  await first.save();
  clock.advance((DAY_ROWS + 40) * STEP_MS);
  await first.catchUp(signal);
  expect(told.map(({ foundAt }) => foundAt)).toEqual([FROM + (LAST + 37) * STEP_MS]);

  // Killed here: what was saved is a day old.
  const second = await open(told);
  await second.catchUp(signal);
  expect(told).toHaveLength(1);
  clock.advance(230 * STEP_MS);
  await second.catchUp(signal);
  expect(told.map(({ foundAt }) => foundAt - FROM)).toEqual([(LAST + 37) * STEP_MS, (LAST + 265) * STEP_MS]);
  expect(await second.list({ tenant: null, from: 0, to: clock.now() })).toHaveLength(2);
});

it('findings are kept for as long as the config says, dismissed ones for good', async () => {
  const watch = await open([]);
  const all = await watch.list({ tenant: null, from: 0, to: clock.now() });
  await watch.store.dismiss(all[0]?.id ?? '', { at: clock.now(), name: 'admin' });
  clock.advance(181 * 86_400_000);
  await watch.save();
  expect((await watch.list({ tenant: null, from: 0, to: clock.now() })).map(({ state }) => state)).toEqual(['dismissed']);
});
