import type { NewestColumn } from 'novacron/plugin';
import { expect, test } from 'vitest';
import { newestAnswer } from '../../../plugins/grafana/prometheus/answer.ts';
import { nameMetrics } from '../../../plugins/grafana/prometheus/names.ts';
import { parsePromql } from '../../../plugins/grafana/prometheus/parse.ts';
import type { Query } from '../../../plugins/grafana/prometheus/query.ts';
import type { Selector } from '../../../plugins/grafana/prometheus/promql.ts';
import { selectNewest } from '../../../plugins/grafana/prometheus/select.ts';
import type { LabelledThing } from '../../../plugins/grafana/prometheus/things.ts';
import { toBytes } from '../../../plugins/grafana/prometheus/text-bytes.ts';

const NOW = 1_800_000_000_000;
const names = Array.from({ length: 100 }, (_, k) => `vm-${k}`);
const things: readonly LabelledThing[] = names.map((id) => ({ id, labels: { vm: id }, json: toBytes(`"vm":"${id}"`) }));
const column: NewestColumn = { at: NOW, entities: names, values: Float64Array.from(names, (_, k) => k / 100) };

const query: Query = {
  metricsOf: { newest: () => [column], windows: () => Promise.reject(new Error('memory has it all')) },
  metrics: nameMetrics(new Map([['vm.cpuRatio', { unit: 'ratio', kind: 'gauge', help: 'For a test.' }]])),
  things: async () => things,
  from: NOW,
  to: NOW,
  stepMs: 1,
  steps: 1,
  signal: new AbortController().signal,
  limits: { seriesMax: 10, cellsMax: 1000, pointsMax: 1000, queryTimeoutSeconds: 1, writeBytesMax: 1 },
  evaluate: () => Promise.reject(new Error('a selector is no expression of others')),
};

const newest = (text: string) => selectNewest(query, parsePromql(text) as Selector);

test('newest values are limited by how many are asked for, not by how many there are', async () => {
  const few = await newest('vm_cpu_ratio{vm=~"vm-1|vm-7"}');
  const { body } = newestAnswer(few!, NOW);
  const { data } = JSON.parse(Buffer.from(body).toString()) as { data: { result: { metric: { vm: string }; value: [number, string] }[] } };
  expect(data.result.map(({ metric, value }) => [metric.vm, value])).toEqual([
    ['vm-1', [NOW / 1000, '0.01']],
    ['vm-7', [NOW / 1000, '0.07']],
  ]);
  await expect(newest('vm_cpu_ratio{vm=~"vm-1.?"}')).rejects.toThrow(/more than 10 series/u);
});
