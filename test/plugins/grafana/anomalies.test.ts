import { expect, test } from 'vitest';
import type { Anomaly, AnomalyQuery } from '../../../plugins/analytics/port.ts';
import { anomalyFrames } from '../../../plugins/grafana/query/anomalies.ts';

const metric = (name: string, since: number) => ({
  metric: name,
  unit: 'ratio' as const,
  since,
  value: 0.9,
  expected: 0.2,
  low: 0.1,
  high: 0.3,
  days: 14,
  score: 6,
  text: 'CPU is 90 %, at this hour it is 10 % to 30 %.',
});
const anomaly = (id: string, subject: string, more: Partial<Anomaly> = {}): Anomaly => ({
  id,
  kind: 'vm',
  subject: { id: subject, name: subject, tenant: 'default' },
  since: 1000,
  foundAt: 2000,
  score: 6,
  text: '',
  metrics: [metric('vm.cpuRatio', 1000), metric('vm.memoryRssBytes', 1500)],
  members: [],
  state: 'open',
  ...more,
});
const series = ['a', 'b'].map((id) => ({ id, name: `web-${id}`, device: null, unit: 'ratio' as const, at: [1], value: [1] }));
const range = { from: 0, to: 9000, series };
const ask = { metric: 'vm.cpuRatio', refId: 'A' };

test('what was unusual in the asked metric stands as points where it began, in order', async () => {
  const asked: AnomalyQuery[] = [];
  const found = [
    anomaly('AN-2', 'a', { metrics: [metric('vm.cpuRatio', 5000)] }),
    anomaly('AN-1', 'a'),
    anomaly('AN-3', 'fleet', { kind: 'fleet' }),
  ];
  const frames = await anomalyFrames({ list: async (query) => (asked.push(query), found) }, range, ask);
  expect(asked).toMatchObject([{ targets: ['a', 'b'], from: 0, to: 9000, states: ['open'] }]);
  expect(frames.map(({ schema }) => schema.name)).toEqual(['web-a unusual']);
  expect(frames[0]?.data.values).toEqual([
    [1000, 5000],
    [0.9, 0.9],
    [expect.stringMatching(/^AN-1: CPU/), expect.stringMatching(/^AN-2: CPU/)],
  ]);
});

test('without a series nothing is asked for: that would be of all', async () => {
  const list = () => Promise.reject(new Error('asked'));
  expect(await anomalyFrames({ list }, { ...range, series: [] }, ask)).toEqual([]);
});
