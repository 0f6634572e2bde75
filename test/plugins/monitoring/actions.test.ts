import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from 'novacron/plugin';
import monitoring from '../../../plugins/monitoring/index.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createFakeHypervisor, hostScrape, vmScrape } from './fake-hypervisor.ts';

interface Answer {
  readonly aggregate: string;
  readonly stepSeconds: number;
  readonly truncated: boolean;
  readonly fields: readonly { readonly name: string; readonly values: readonly unknown[] }[];
}

describe('metrics over the door', () => {
  let hub: TestHub;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'novacron-monitoring-'));
    let nth = 0n;
    const { plugin } = createFakeHypervisor({
      hosts: ['h1'],
      vms: { mine: 'default', theirs: 'other' },
      scrape: async () => hostScrape(Date.now(), [vmScrape('mine', { cpuTimeNs: ++nth * 1_000_000_000n }), vmScrape('theirs')]),
    });
    hub = await startTestHub({ plugins: [plugin, { plugin: monitoring, config: { everySeconds: 1 } }] });
    const written = Promise.withResolvers<null>();
    let batches = 0;
    hub.metrics.onWrite(() => {
      if (++batches > 8) written.resolve(null);
    });
    await written.promise;
  });
  afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const query = async (input: object, role: Role = 'viewer', tenant = 'default') => {
    const outcome = await hub.actions.execute('metrics.query', input, { actor: hub.as(role, tenant), via: 'http' });
    if (outcome.is !== 'done') throw new Error(outcome.is);
    return { answer: outcome.output as unknown as Answer, view: outcome.view };
  };
  const entities = ({ fields }: Answer): unknown[] =>
    [...new Set(fields.find((field) => field.name === 'entity')?.values)].map(String).toSorted();

  test('a VM of another tenant is unknown, by name and by id', async () => {
    for (const target of ['theirs', 'name-of-theirs', 'nothing', "x' or 1=1 --"]) {
      await expect(query({ metric: 'vm.vcpus', targets: [target] })).rejects.toMatchObject({ code: 'vm_unknown' });
    }
    await expect(query({ metric: 'vm.vcpus', targets: ['mine', 'theirs'] })).rejects.toMatchObject({ code: 'vm_unknown' });
  });

  test.each([
    [{ metric: 'vm.nothing' }, 'metric_unknown'],
    [{ metric: 'vm.cpuRatio', from: 'soon' }, 'range_invalid'],
    [{ metric: 'vm.cpuRatio', from: 'now', to: '-1h' }, 'range_invalid'],
    [{ metric: 'vm.cpuRatio', aggregate: 'rate' }, 'metrics_query_invalid'],
    [{ metric: 'vm.cpuRatio', aggregate: 'median' }, 'input_invalid'],
    [{ metric: 'vm.cpuRatio', tenant: 'other' }, 'input_invalid'],
    [{}, 'input_invalid'],
  ])('refuses %j', async (input, code) => {
    await expect(query(input)).rejects.toMatchObject({ code });
  });

  test('without targets each sees what is theirs', async () => {
    expect(entities((await query({ metric: 'vm.vcpus' })).answer)).toEqual(['mine']);
    expect(entities((await query({ metric: 'vm.vcpus' }, 'viewer', 'other')).answer)).toEqual(['theirs']);
    expect(entities((await query({ metric: 'vm.vcpus' }, 'admin')).answer)).toEqual(['mine', 'theirs']);
    expect(entities((await query({ metric: 'host.memoryBytes' })).answer)).toEqual(['h1']);
  });

  test('names stand beside ids; step and aggregate fit the metric; the view says it in words', async () => {
    const { answer, view } = await query({ metric: 'vm.cpuTimeSeconds', targets: ['name-of-mine'], from: '-10m' });
    expect(answer).toMatchObject({ aggregate: 'rate', stepSeconds: 2, truncated: false });
    expect(answer.fields.map(({ name }) => name)).toEqual(['time', 'entity', 'name', 'value']);
    expect(answer.fields[2]?.values[0]).toBe('name-of-mine');
    const disks = await query({ metric: 'vm.disk.capacityBytes' });
    expect(disks.view.text).toMatch(/^No samples of vm\.disk\.capacityBytes/);
    expect(view.table?.columns).toEqual(['name', 'last', 'mean', 'min', 'max']);
    const memory = await query({ metric: 'vm.memoryUsedRatio', targets: ['mine'] });
    expect(memory.view.table?.rows).toEqual([['name-of-mine', '75 %', '75 %', '75 %', '75 %']]);
  });

  test('SQL is for admins; theirs is one SELECT', async () => {
    for (const role of ['viewer', 'operator', 'tenant-admin'] as const) {
      const call = hub.actions.execute('metrics.sql', { sql: 'select 1' }, { actor: hub.as(role), via: 'http' });
      await expect(call).rejects.toMatchObject({ code: 'permission_denied' });
    }
    await expect(hub.run('metrics.sql', { sql: 'drop table vm' })).rejects.toMatchObject({ code: 'sql_refused' });
    const output = await hub.run('metrics.sql', { sql: 'select entity, count(*) > 0 as some from vm group by all order by 1' });
    expect(output).toMatchObject({ rows: 2, truncated: false, fields: [{ values: ['mine', 'theirs'] }, { values: [true, true] }] });
  });

  test('importing is for admins, refuses a bad file with the row, and takes a good one', async () => {
    const file = join(folder, 'vm.csv');
    await writeFile(file, 'at,entity,cpuRatio\n2026-01-01,mine,0.5\n2026-01-02,mine,x\n');
    const denied = hub.actions.execute('metrics.import', { table: 'vm', file }, { actor: hub.as('operator'), via: 'http' });
    await expect(denied).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(hub.run('metrics.import', { table: 'vm', file: 'vm.csv' })).rejects.toMatchObject({ code: 'input_invalid' });
    await expect(hub.run('metrics.import', { table: 'vm', file })).rejects.toThrow(/metrics_import_invalid: Row 2/);
    await writeFile(file, 'at,entity,cpuRatio\n2026-01-01,mine,0.5\n2026-01-02,mine,0.7\n');
    expect(await hub.run('metrics.import', { table: 'vm', file })).toEqual({ rows: 2 });
    expect(await hub.run('metrics.import', { table: 'vm', file })).toEqual({ rows: 0 });
    const { answer } = await query({ metric: 'vm.cpuRatio', targets: ['mine'], from: '2026-01-01', to: '2026-01-03', stepSeconds: 86_400 });
    expect(answer.fields.at(-1)?.values).toEqual([0.5, 0.7]);
  });
});
