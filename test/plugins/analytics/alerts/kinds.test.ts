import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleBatch } from 'novacron/plugin';
import { createAnomalyKind } from '../../../../plugins/analytics/alerts/anomaly-kind.ts';
import { createForecastKind } from '../../../../plugins/analytics/alerts/forecast-kind.ts';
import { createForecasts } from '../../../../plugins/analytics/forecast/threads.ts';
import type { Anomaly } from '../../../../plugins/analytics/port.ts';
import type { Subject } from '../../../../plugins/monitoring/port.ts';
import { createLog } from '../../../../core/log.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { DAY_MS, GIB, NOW } from '../recommendations/series.ts';
import { createVmWorld } from '../recommendations/world.ts';

const subject = (id: string, device = 'vda'): Subject => ({ kind: 'vm', id, name: id, device, tenant: 'default' });
const METRIC = 'vm.disk.allocationBytes';
const settings = { above: 0.9, of: 'capacityBytes', withinSeconds: 43_200 };

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ plugins: [createVmWorld(new Map())] });
  const batches: SampleBatch[] = [];
  for (let at = NOW - 7 * DAY_MS; at < NOW; at += 900_000) {
    const hours = (at - NOW) / 3_600_000;
    const row = (entity: string, bytes: number) => ({
      entity,
      device: 'vda',
      values: { allocationBytes: Math.round(bytes), capacityBytes: 10 * GIB },
    });
    const rows = [
      row('filling', (8.8 + hours / 30) * GIB),
      row('still', 5 * GIB),
      row('full', 9.5 * GIB),
      ...(at >= NOW - 1_800_000 ? [row('young', 8.9 * GIB)] : []),
    ];
    batches.push({ table: 'vm.disk', at, rows });
  }
  for (let start = 0; start < batches.length; start += 60) await hub.metrics.write('monitoring', batches.slice(start, start + 60));
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('rules of the kind forecast', () => {
  const kind = () =>
    createForecastKind({
      everySeconds: 300,
      metrics: hub.metrics,
      forecasts: createForecasts({ runningMax: 1, waitingMax: 8 }),
      log: createLog({ level: 'silent' })('t'),
    });

  it('are bad for what will be full in time or is full, say when, and know what grows it', async () => {
    const targets = ['filling', 'still', 'full', 'unknown'].map((id) => subject(id));
    const found = await kind().judge({ id: 'r', metric: METRIC, settings, targets }, NOW, AbortSignal.timeout(20_000));
    const of = (id: string) => found.find((one) => one.subject.id === id);
    expect(of('filling')).toMatchObject({ verdict: 'bad', values: { of: 10 * GIB } });
    expect(of('filling')?.values['chance']).toBeGreaterThan(0.5);
    expect(of('filling')?.summary).toMatch(/^disk allocation vda of filling reaches 90 % in .+ \(perhaps in .+\)\.$/);
    expect(of('full')).toMatchObject({ verdict: 'bad', summary: 'disk allocation vda of full has reached 90 %.' });
    expect(of('still')?.verdict).toBe('good');
    expect(of('unknown')).toBeUndefined();
  });

  it('say what they see as of the past, for a preview', async () => {
    const [early] = await kind().judge(
      { id: 'r', metric: METRIC, settings, targets: [subject('filling')] },
      NOW - 3 * DAY_MS,
      AbortSignal.timeout(20_000),
    );
    expect(early?.verdict).toBe('good');
  });

  it('do not judge what has too little history', async () => {
    const [young] = await kind().judge(
      { id: 'r', metric: METRIC, settings, targets: [subject('young')] },
      NOW,
      AbortSignal.timeout(20_000),
    );
    expect(young).toMatchObject({ verdict: 'unknown', summary: expect.stringContaining('history') as string });
  });

  it('refuse settings that mean nothing, by name', () => {
    expect(kind().settings.validate({ above: 1, below: 2 })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('either') as string,
    });
    expect(kind().settings.validate({ above: 1, within: 3 })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('within') as string,
    });
    expect(kind().settings.validate(settings)).toEqual({ ok: true, value: settings });
  });
});

describe('rules of the kind anomaly', () => {
  const anomaly = (id: string, score: number): Anomaly => ({
    id: 'AN-1',
    kind: 'vm',
    subject: { id, name: id, tenant: 'default' },
    since: NOW - 600_000,
    foundAt: NOW - 300_000,
    score,
    text: `CPU of ${id} is unusual.`,
    metrics: [],
    members: [],
    state: 'open',
  });

  it('are bad while something was found lately that is unusual enough', async () => {
    const kind = createAnomalyKind({ list: async () => [anomaly('odd', 3), anomaly('slightly', 0.5)] });
    const targets = ['odd', 'slightly', 'calm'].map((id) => subject(id));
    const found = await kind.judge({ id: 'r', metric: null, settings: { scoreMin: 1 }, targets }, NOW, AbortSignal.timeout(1_000));
    expect(found.map(({ verdict }) => verdict)).toEqual(['bad', 'good', 'good']);
    expect(found[0]?.summary).toBe('CPU of odd is unusual.');
  });
});
