import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricsStore } from '../../../core/metrics/metrics.ts';
import { NEVER, NOW, rowsOf, testMetrics } from './kit.ts';

const run = promisify(execFile);

describe('importing history', () => {
  let metrics: MetricsStore & { readonly dataDir: string };
  let files = 0;
  beforeAll(async () => {
    metrics = await testMetrics();
  });
  afterAll(() => metrics[Symbol.asyncDispose]());

  async function file(text: string, ending = 'csv'): Promise<string> {
    const path = join(metrics.dataDir, `history ' ${++files}.${ending}`);
    await writeFile(path, text);
    return path;
  }
  const load = async (text: string, table = 'vm') => metrics.importFile('monitoring', table, await file(text), NEVER);
  const hotRows = async () => (await metrics.stats()).hotRows;
  const read = async (text: string) => rowsOf(await metrics.sql(text, { signal: NEVER }));

  test.each([
    ['no header', '2026-01-01,a,1\n', /no column "at"/],
    ['an empty file', '', /not readable|no column/],
    ['no entity column', 'at,cpuRatio\n2026-01-01,1\n', /no column "entity"/],
    ['no metric', 'at,entity\n2026-01-01,a\n', /no metric/],
    ['an unknown column', 'at,entity,cpuRatio,load\n2026-01-01,a,1,2\n', /"load" is not known/],
    ['a column that is SQL', 'at,entity,cpuRatio,"x"";drop table hot.entity;--"\n2026-01-01,a,1,2\n', /is not known/],
    ['a device in a table without devices', 'at,entity,device,cpuRatio\n2026-01-01,a,vda,1\n', /"device" is not known/],
    ['an instant that is none', 'at,entity,cpuRatio\n2026-01-01,a,1\nyesterday,a,1\n', /Row 2 .* "at": "yesterday"/],
    ['seconds taken for milliseconds of the wrong millennium', 'at,entity,cpuRatio\n99999999999999,a,1\n', /Row 1 .* "at"/],
    ['an empty entity', 'at,entity,cpuRatio\n2026-01-01,,1\n', /Row 1 .* "entity"/],
    ['a word for a gauge', 'at,entity,cpuRatio\n2026-01-01,a,1\n2026-01-02,a,2\n2026-01-03,a,much\n', /Row 3 .* "cpuRatio": "much"/],
    ['a word for a counter', 'at,entity,sent\n2026-01-01,a,many\n', /Row 1 .* "sent": "many"/],
    ['a row with too many cells', 'at,entity,cpuRatio\n2026-01-01,a,1,2,3\n', /./],
    ['the same instant twice', 'at,entity,cpuRatio\n2026-01-01,a,1\n2026-01-01,b,1\n2026-01-01T00:00:00Z,a,2\n', /Row 3 .* earlier row/],
  ])('refuses %s, and imports nothing', async (_, text, message) => {
    const refused = load(text);
    await expect(refused).rejects.toMatchObject({ code: 'metrics_import_invalid', status: 400 });
    await expect(refused).rejects.toThrow(message);
    expect(await hotRows()).toBe(0);
  });

  test('refuses what is no file, no known kind of file, and no Parquet', async () => {
    for (const path of [join(metrics.dataDir, 'nothing.csv'), metrics.dataDir, '/etc/passwd', await file('PAR1 not really', 'parquet')]) {
      await expect(metrics.importFile('monitoring', 'vm', path, NEVER)).rejects.toMatchObject({ code: 'metrics_import_invalid' });
    }
    await expect(metrics.importFile('monitoring', 'nothing', await file('x'), NEVER)).rejects.toMatchObject({ code: 'metrics_unknown' });
  });

  test('takes instants as dates, with zones, and as milliseconds; leaves what is empty missing', async () => {
    const text = `at,entity,cpuTimeSeconds,sent,cpuRatio\n2026-01-06,a,1.000000001,5,0.5\n2026-01-06T02:00:00+01:00,a,,,0.25\n${NOW},a,2,7,\n"2026-01-06 12:00:00.5","b, c",3,1e3,nan\n`;
    expect(await load(text)).toEqual({ rows: 4 });
    expect(await read('select epoch_ms(time), entity, cpuTimeSeconds, sent, cpuRatio from vm order by time')).toEqual([
      [Date.UTC(2026, 0, 6), 'a', 1.000_000_001, 5, 0.5],
      [Date.UTC(2026, 0, 6, 1), 'a', null, null, 0.25],
      [Date.UTC(2026, 0, 6, 12) + 500, 'b, c', 3, 1000, null],
      [NOW, 'a', 2, 7, null],
    ]);
    expect(metrics.latest('vm', ['a'])[0]).toMatchObject({ at: NOW, values: { cpuTimeSeconds: 2, sent: 7, cpuRatio: null } });
  });

  test('the same file again adds nothing, hot or sealed; new rows of it are added', async () => {
    const header = 'at,entity,device,readBytes\n';
    const old = '2026-01-01,a,vda,1\n2026-01-01,a,vdb,2\n2026-01-06,a,vda,3\n';
    expect(await load(header + old, 'vm.disk')).toEqual({ rows: 3 });
    expect(await load(header + old, 'vm.disk')).toEqual({ rows: 0 });
    await metrics.seal('2026-01-05');
    expect(await load(`${header + old}2026-01-01T00:00:10Z,a,vda,4\n`, 'vm.disk')).toEqual({ rows: 1 });
    expect(await read('select device, readBytes from vm_disk order by time, device')).toEqual([
      ['vda', 1],
      ['vdb', 2],
      ['vda', 4],
      ['vda', 3],
    ]);
  });

  test('takes Parquet with typed columns', async () => {
    const path = join(metrics.dataDir, 'typed.parquet');
    const script = `const { DuckDBInstance } = await import('@duckdb/node-api'); const c = await (await DuckDBInstance.create()).connect();
      await c.run("copy (select timestamptz '2026-01-06 10:00:00+00' as at, 'typed' as entity, 12345678901234567::bigint as sent, 0.1::double as cpuRatio) to '" + process.argv[1] + "'")`;
    await run(process.execPath, ['--input-type=module', '-e', script, path]);
    expect(await metrics.importFile('monitoring', 'vm', path, NEVER)).toEqual({ rows: 1 });
    expect(await read("select epoch_ms(time), sent::varchar, cpuRatio from vm where entity = 'typed'")).toEqual([
      [Date.UTC(2026, 0, 6, 10), '12345678901234567', 0.1],
    ]);
  });

  test('leaves no copy behind', async () => {
    expect(await readdir(join(metrics.dataDir, 'metrics', 'import'))).toEqual([]);
  });
});
