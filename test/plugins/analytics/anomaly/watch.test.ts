import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { definePlugin, type SampleBatch, type View } from 'novacron/plugin';
import { z } from 'zod';
import analytics from '../../../../plugins/analytics/index.ts';
import { Anomalies, type Anomaly } from '../../../../plugins/analytics/port.ts';
import charts from '../../../../plugins/charts/index.ts';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { createTestClock } from '../../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { testDatabase, type TestDatabase } from '../../../kit/postgres.ts';
import { vm } from '../recommendations/series.ts';
import { createVmWorld } from '../recommendations/world.ts';
import { daily, DAY_ROWS, FROM, generate, STEP_MS } from './generated.ts';

const DAYS = 16;
const LAST = 14 * DAY_ROWS;
const names = ['web-1', 'web-2', 'web-3', 'web-4', 'db-1', 'theirs'];
const vms = new Map<string, VmStatus>(
  names.map((name) => [
    name,
    vm({
      id: name,
      name,
      tags: ['all'],
      image: name.startsWith('web') ? 'web.qcow2' : 'debian.qcow2',
      tenant: name === 'theirs' ? 'other' : 'default',
    }),
  ]),
);

/** All are busy by day; on the 15th day: `db-1` at 3 in the morning (and on the 16th at 1), three of the web servers at 9 in the evening, `theirs` at 5. */
const series = new Map(
  names.map((name, seed) => [
    name,
    generate(
      DAYS,
      (moment) => {
        const { day, hour } = moment;
        if (name === 'db-1' && day === 14 && hour >= 3 && hour < 3.5) return 0.95;
        if (name === 'db-1' && day === 15 && hour >= 1 && hour < 1.5) return 0.93;
        if (name === 'theirs' && day === 14 && hour >= 5 && hour < 5.5) return 0.95;
        if (['web-1', 'web-2', 'web-3'].includes(name) && day === 14 && hour >= 21 && hour < 22) return 1;
        return daily(moment);
      },
      seed + 1,
    ),
  ]),
);

const clock = createTestClock(FROM);
let database: TestDatabase;
let dataDir: string;
let hub: TestHub;
let anomalies: Anomalies;
let told: Anomaly[] = [];

const listener = definePlugin({ name: 'listener', api: 1, config: z.object({}), needs: { anomalies: Anomalies }, provides: {} }, () => ({
  start({ services, defer }) {
    anomalies = services.anomalies;
    defer(anomalies.subscribe((anomaly) => told.push(anomaly)));
    return {};
  },
}));

async function start(sensitivity: 'normal' | 'high' = 'normal'): Promise<TestHub> {
  const plugins = [
    createVmWorld(vms),
    charts,
    { plugin: analytics, config: { anomalies: { metrics: ['vm.cpuRatio'], sensitivity } } },
    listener,
  ];
  return startTestHub({ plugins, clock, dataDir, databaseUrl: database.url });
}

async function measure(fromRow: number, toRow: number): Promise<void> {
  const batches: SampleBatch[] = [];
  for (let row = fromRow; row < toRow; row++)
    batches.push({
      table: 'vm',
      at: FROM + row * STEP_MS,
      rows: names.map((entity) => ({ entity, values: { cpuRatio: series.get(entity)?.[row] ?? 0, memoryUsedRatio: 0.5 } })),
    });
  for (let first = 0; first < batches.length; first += 60) await hub.metrics.write('monitoring', batches.slice(first, first + 60));
}

/** Lets time pass, with what was measured in it, and waits until it was read. */
async function liveUntil(row: number, seen: () => boolean | Promise<boolean>): Promise<void> {
  clock.advance(FROM + row * STEP_MS + 30_000 - clock.now());
  await vi.waitUntil(seen, { timeout: 30_000, interval: 50 });
}

const list = (states?: readonly Anomaly['state'][]): Promise<readonly Anomaly[]> =>
  anomalies.list({ tenant: null, from: 0, to: clock.now() + 1, ...(states && { states }) });

beforeAll(async () => {
  database = await testDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'novacron-anomaly-'));
  hub = await start();
  await measure(0, DAYS * DAY_ROWS);
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the watch', () => {
  it('says what was unusual in a VM, since when, against which past', async () => {
    await liveUntil(LAST + 40, () => told.length > 0);
    const [anomaly] = told;
    expect(anomaly).toMatchObject({ kind: 'vm', subject: { id: 'db-1', name: 'db-1', tenant: 'default' }, state: 'open', members: [] });
    expect(anomaly?.foundAt).toBe(FROM + (LAST + 37) * STEP_MS);
    expect(anomaly?.metrics).toMatchObject([{ metric: 'vm.cpuRatio', unit: 'ratio', value: 0.95, days: 14 }]);
    expect(anomaly?.text).toMatch(/^CPU of db-1 is 95 % since 03:00 UTC; at this time of the last 14 days it was about 1\d\.\d %/);
  });

  it('goes on after a restart where it stood: the same rows are no second finding, and new ones are judged by all that was learned', async () => {
    await hub[Symbol.asyncDispose]();
    told = [];
    hub = await start();
    await liveUntil(LAST + 70, () => told.length > 0);
    expect(told.map(({ subject }) => subject.id)).toEqual(['theirs']);
    expect((await list()).map(({ subject }) => subject.id)).toEqual(['theirs', 'db-1']);
  });

  it('makes one more finding of what many VMs of an image did at once', async () => {
    told = [];
    await liveUntil(LAST + 256, () => told.some(({ kind }) => kind === 'fleet'));
    const fleet = told.find(({ kind }) => kind === 'fleet');
    expect(fleet).toMatchObject({
      subject: { id: 'image:web.qcow2', name: 'web.qcow2', tenant: 'default' },
      members: [{ name: 'web-1' }, { name: 'web-2' }, { name: 'web-3' }],
    });
    expect(fleet?.text).toMatch(/^3 of 4 VMs made from image 'web\.qcow2' changed at once: CPU\. CPU of web-\d is 100 % since 21:/);
    expect(told.filter(({ kind }) => kind === 'fleet')).toHaveLength(1);
  });
});

describe('people', () => {
  it('see the findings of their tenant, of a VM or of all', async () => {
    const seen = async (input: object, tenant: string) => {
      const outcome = await hub.actions.execute('anomaly.list', input, { actor: hub.as('viewer', tenant), via: 'slack' });
      if (outcome.is !== 'done') throw new Error(outcome.is);
      return outcome as { output: unknown; view: View };
    };
    const ours = await seen({}, 'default');
    expect(ours.view.table?.rows.map(([, of]) => of).toSorted()).toEqual(['db-1', 'image web.qcow2', 'web-1', 'web-2', 'web-3']);
    expect((await seen({}, 'other')).view.table?.rows.map(([, of]) => of)).toEqual(['theirs']);
    expect((await seen({ vm: 'db-1' }, 'default')).view.table?.rows).toHaveLength(1);
    await expect(seen({ vm: 'db-1' }, 'other')).rejects.toMatchObject({ code: 'vm_unknown' });
  });

  it('of another tenant can dismiss nothing, and do not learn that it is there', async () => {
    const [anomaly] = (await list()).filter(({ subject }) => subject.id === 'theirs');
    const dismissing = hub.run('anomaly.dismiss', { anomaly: anomaly?.id }, hub.as('operator'));
    await expect(dismissing).rejects.toMatchObject({ code: 'anomaly_unknown' });
  });

  it('teach the hub that something is none: the like of it the next night is not reported', async () => {
    const [anomaly] = (await list()).filter(({ subject }) => subject.id === 'db-1');
    expect(await hub.run('anomaly.dismiss', { anomaly: anomaly?.id }, hub.as('operator'))).toMatchObject({ state: 'dismissed' });
    // To most eyes it would be ordinary by now anyway.
    await hub[Symbol.asyncDispose]();
    hub = await start('high');
    told = [];
    await liveUntil(LAST + DAY_ROWS + 60, async () => {
      const rows = await database.query<{ metAgain: number }>(
        `select "metAgain" from plugin_analytics.anomaly where "state" = 'dismissed'`,
      );
      return rows.some(({ metAgain }) => metAgain > 0);
    });
    expect(told.filter(({ subject }) => subject.id === 'db-1')).toEqual([]);
  });

  it('say it of a whole fleet at once', async () => {
    const [fleet] = (await list()).filter(({ kind }) => kind === 'fleet');
    await hub.run('anomaly.dismiss', { anomaly: fleet?.id });
    expect((await list(['dismissed'])).map(({ subject }) => subject.name).toSorted()).toEqual([
      'db-1',
      'web-1',
      'web-2',
      'web-3',
      'web.qcow2',
    ]);
  });
});

it('is told to all who listen to the events of the hub', async () => {
  const events = hub.events.subscribe({ actor: hub.as('viewer'), after: 0, types: ['anomaly.found'], signal: AbortSignal.timeout(5000) });
  const { value } = await events[Symbol.asyncIterator]().next();
  expect(value).toMatchObject({ type: 'anomaly.found', tenant: 'default', data: { anomaly: { subject: { id: 'db-1' } } } });
});
