import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { NamedMetric } from '../../../plugins/grafana/prometheus/names.ts';
import { createRemoteReader, type Resolve } from '../../../plugins/grafana/prometheus/remote-write.ts';
import { uncompress } from '../../../plugins/grafana/prometheus/snappy.ts';
import { startPrometheus } from '../../bench/prometheus.ts';
import { createRemoteWrite } from '../../bench/remote-write.ts';
import { createScrapes, startGrafanaHub } from './prometheus-hub.ts';

const metric = (table: string, column: string): NamedMetric => ({
  name: `${table}_${column}`,
  key: `${table}.${column}`,
  kind: 'vm',
  table,
  column,
  hasDevice: table.includes('.'),
  metric: { kind: 'gauge', unit: 'count', help: '' },
});

const resolve: Resolve = async ({ __name__: name = '', vm = '', device }) => ({
  metric: device === undefined ? metric('vm', name) : metric('vm.disk', name),
  entity: vm,
  ...(device !== undefined && { device }),
});

const AT = Date.UTC(2026, 0, 7);

test('messages become columns, one batch a table and instant, whether their layout is known or not', async () => {
  const reader = createRemoteReader();
  const remote = createRemoteWrite(
    [
      { __name__: 'a', vm: 'x' },
      { __name__: 'b', vm: 'x' },
      { __name__: 'a', vm: 'y' },
      { __name__: 'c', vm: 'x', device: 'vda' },
    ],
    2,
  );
  for (const round of [0, 1, 2]) {
    const values = [Float64Array.of(1, 2, 3, 4 + round), Float64Array.of(5, Number.NaN, Number.NaN, 8)];
    const message = uncompress(remote.encodeMany(values, [AT, AT + 1000 * (round + 1)]), 10_000);
    const batches = await reader.read(message, resolve);
    expect(batches).toEqual([
      { table: 'vm', at: AT, entities: ['x', 'y'], columns: { a: Float64Array.of(1, 3), b: Float64Array.of(2, Number.NaN) } },
      // Nothing is known of y then, and nothing is written.
      { table: 'vm', at: AT + 1000 * (round + 1), entities: ['x'], columns: { a: Float64Array.of(5), b: Float64Array.of(Number.NaN) } },
      { table: 'vm.disk', at: AT, entities: ['x'], devices: ['vda'], columns: { c: Float64Array.of(4 + round) } },
      { table: 'vm.disk', at: AT + 1000 * (round + 1), entities: ['x'], devices: ['vda'], columns: { c: Float64Array.of(8) } },
    ]);
  }
});

test('a message of the same length with other labels is not taken for the one before', async () => {
  const reader = createRemoteReader();
  const read = async (vm: string) => {
    const remote = createRemoteWrite([{ __name__: 'a', vm }]);
    return reader.read(uncompress(remote.encode(Float64Array.of(1), AT), 10_000), resolve);
  };
  for (const vm of ['x', 'x', 'y', 'x', 'y']) expect((await read(vm))[0]?.entities).toEqual([vm]);
});

test.each([[[10, 200]], [[10, 4, 10, 9, 0, 0]], [[10, 2, 18, 50]], [[255, 255]]])('what is no message is refused: %j', async (bytes) => {
  await expect(createRemoteReader().read(Uint8Array.from(bytes), resolve)).rejects.toMatchObject({ code: 'prometheus_write_invalid' });
});

test('a real Prometheus sends what it has to the hub', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'novacron-remote-'));
  try {
    await using target = await startGrafanaHub();
    await writeFile(join(folder, 'token'), target.tokens.admin, { mode: 0o600 });
    const config = `remote_write:\n  - url: ${target.url}/api/v1/write\n    authorization: { credentials_file: ${join(folder, 'token')} }\n`;
    await using prometheus = await startPrometheus(folder, config);
    const encode = createScrapes();
    const labels = { __name__: 'vm_cpu_ratio', vm: 'web-1' };
    for (let value = 0; target.hub.metrics.latest('vm').length === 0; value = (value + 0.25) % 1) {
      await prometheus.write(encode([{ labels, value }], Date.now()));
      await sleep(200);
    }
    expect(target.hub.metrics.latest('vm')).toMatchObject([{ entity: 'id-web-1', values: { cpuTimeSeconds: null } }]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
