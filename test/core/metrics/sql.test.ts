import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricsStore } from '../../../core/metrics/metrics.ts';
import { NEVER, NOW, rowsOf, testMetrics } from './kit.ts';

describe('SQL over the metrics', () => {
  let metrics: MetricsStore & { readonly dataDir: string };
  let secret: string;
  beforeAll(async () => {
    metrics = await testMetrics();
    secret = join(metrics.dataDir, 'secret.csv');
    await writeFile(secret, 'word\nhush\n');
    for (let index = 0; index < 30; index++)
      await metrics.write('monitoring', [{ table: 'vm', at: NOW + index * 1000, rows: [{ entity: 'a', values: { cpuRatio: index } }] }]);
    await metrics.write('monitoring', [{ table: 'vm', at: NOW - 4 * 86_400_000, rows: [{ entity: 'old', values: { cpuRatio: 1 } }] }]);
    await metrics.seal('2026-01-05');
  });
  afterAll(() => metrics[Symbol.asyncDispose]());

  const sql = (text: string, more: { timeoutMs?: number; rowsMax?: number; signal?: AbortSignal } = {}) =>
    metrics.sql(text, { signal: NEVER, ...more });

  const hostile = [
    'drop table hot.monitoring_vm',
    'drop view vm',
    'delete from hot.monitoring_vm',
    'update hot.monitoring_vm set "cpuRatio" = 0',
    "insert into hot.entity values (1, 'x')",
    'create table mine as select 1',
    'create macro m() as 1',
    "copy vm to '/tmp/x.csv'",
    "copy (select 1) to 'SEALED/x.csv'",
    "copy hot.entity from 'SECRET'",
    "export database '/tmp/x'",
    "import database '/tmp/x'",
    "attach '/tmp/x.db'",
    'install httpfs',
    'load httpfs',
    'pragma database_list',
    "pragma table_info('vm')",
    "set memory_limit = '9GB'",
    'set enable_external_access = true',
    'reset lock_configuration',
    'set variable x = 1',
    'call pragma_version()',
    'checkpoint',
    'vacuum',
    'begin transaction',
    'commit',
    'use hot',
    'explain select 1',
    'explain analyze select 1',
    'prepare p as select 1',
    'execute p',
    'select 1; select 2',
    'select 1; drop view vm',
    '-- nothing',
    '',
    "select * from read_text('SECRET')",
    "select * from read_csv('SECRET')",
    "select * from read_csv_auto('SECRET')",
    "select * from read_blob('SECRET')",
    "select * from read_json('SECRET')",
    "select * from READ_TEXT('SECRET')",
    'select * from "read_text"(\'SECRET\')',
    "select * from system.main.read_text('SECRET')",
    "select * from read_parquet('SEALED/*/*.parquet')",
    "select * from parquet_scan('SEALED/*/*.parquet')",
    "select * from parquet_metadata('SEALED/*/*.parquet')",
    "select * from sniff_csv('SECRET')",
    "select * from glob('/etc/*')",
    "select * from glob('SEALED/*')",
    "select * from 'SECRET'",
    'select * from "SECRET"',
    "select * from 'SEALED/day=2026-01-03/monitoring_vm-1.parquet'",
    "with x as (select * from 'SECRET') select * from x",
    "select (select word from 'SECRET')",
    "select * from vm where entity in (select word from 'SECRET')",
    "select * from vm join lateral (select * from read_text('SECRET')) on true",
    "select 1 union all select count(*) from read_text('SECRET')",
    "select * from query('select 1')",
    "select * from query_table('vm')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "select getenv('HOME')",
    "select GETENV('HOME')",
    "select current_setting('memory_limit')",
    "select list_transform([1], lambda x: getenv('HOME'))",
    "select count(*) filter (where getenv('HOME') = '') from vm",
    'select * from vm order by getenv(entity)',
    'select * from hot.monitoring_vm',
    'select * from hot.entity',
    'select * from metrics.hot.entity',
    'select * from duckdb_settings()',
    'select * from duckdb_secrets()',
    'select * from duckdb_views()',
    'select * from information_schema.tables',
    'select * from pg_catalog.pg_class',
    'select * from sqlite_master',
    'show tables',
    'show all tables',
    'show databases',
    'with duckdb_settings as (select 1) select * from duckdb_settings',
    'with "a.csv" as (select 1) select * from "a.csv"',
    'select $1',
    'select ?',
    "from vm; copy vm to '/tmp/x'",
    `select '${'x'.repeat(20_001)}'`,
  ];

  test.each(hostile.map((text) => [text.slice(0, 90), text]))('refuses: %s', async (_, text) => {
    const query = text.replaceAll('SECRET', secret).replaceAll('SEALED', join(metrics.dataDir, 'metrics', 'sealed'));
    await expect(sql(query)).rejects.toMatchObject({ code: 'sql_refused', status: 400 });
  });

  test.each(['selec 1', 'select from where', 'select nothing from vm', 'select sum(entity) from vm', "select '1a'::integer"])(
    'says what is wrong with: %s',
    async (text) => {
      await expect(sql(text)).rejects.toMatchObject({ code: 'sql_failed', status: 400 });
    },
  );

  test('after all that, everything is as it was', async () => {
    expect(rowsOf(await sql('select count(*), sum(cpuRatio) from vm'))).toEqual([[31, 436]]);
    expect(await readFile(secret, 'utf8')).toBe('word\nhush\n');
  });

  test('stops what takes too long, and goes on', async () => {
    await expect(sql('select sum(a.range * b.range) from range(10000000) a, range(100000) b', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'sql_timeout',
    });
    await expect(
      sql('with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r', { timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'sql_timeout' });
    expect(rowsOf(await sql('select 1'))).toEqual([[1]]);
  });

  test('stops when the caller goes, also while waiting in line, and goes on', async () => {
    const stop = new AbortController();
    const long = 'select sum(a.range * b.range) from range(10000000) a, range(100000) b';
    const all = Array.from({ length: 5 }, () => sql(long, { signal: stop.signal }));
    stop.abort(new Error('gone'));
    for (const one of all) await expect(one).rejects.toThrow('gone');
    expect(rowsOf(await sql('select 1'))).toEqual([[1]]);
  });

  test('cuts at the row limit and says so, without reading on', async () => {
    const frame = await sql('select * from range(100000000000)', { rowsMax: 5 });
    expect(frame.truncated).toBe(true);
    expect(rowsOf(frame)).toEqual([[0], [1], [2], [3], [4]]);
    expect((await sql('select * from range(5)', { rowsMax: 5 })).truncated).toBe(false);
  });

  test('cuts a row that would be too large for an answer', async () => {
    const frame = await sql("select repeat('x', 5000000) from range(50)");
    expect(frame.truncated).toBe(true);
    expect(frame.fields[0]?.values.length).toBeLessThan(50);
  });

  test('gives every type as a number, string, boolean or instant', async () => {
    const frame = await sql(
      `select timestamp '2026-01-02 03:04:05' as t, date '2026-01-02' as d, 1::tinyint as i, 12345678901234567890::hugeint as h, 1.5::decimal(9, 2) as c,
         'nan'::double as n, null as z, true as b, [1, 2] as l, {'a': 1} as s, interval 1 day as v, 'x' as x, 'x' as x, time '01:02:03' as o`,
    );
    expect(frame.fields.map(({ name, type, values }) => [name, type, values[0]])).toEqual([
      ['t', 'time', Date.UTC(2026, 0, 2, 3, 4, 5)],
      ['d', 'time', Date.UTC(2026, 0, 2)],
      ['i', 'number', 1],
      ['h', 'number', 12_345_678_901_234_567_000],
      ['c', 'number', 1.5],
      ['n', 'number', null],
      ['z', 'number', null],
      ['b', 'boolean', true],
      ['l', 'string', '[1, 2]'],
      ['s', 'string', "{'a': 1}"],
      ['v', 'string', '1 day'],
      ['x', 'string', 'x'],
      ['x:1', 'string', 'x'],
      ['o', 'string', '01:02:03'],
    ]);
  });

  test('reads hot and sealed rows, aggregates, windows, CTEs, and tells the columns', async () => {
    const text = `-- a comment
      with recent as (from vm where day >= date '2026-01-01')
      select entity, count(*) as n, max(time) as newest from recent group by all order by entity;`;
    expect(rowsOf(await sql(text))).toEqual([
      ['a', 30, NOW + 29_000],
      ['old', 1, NOW - 4 * 86_400_000],
    ]);
    expect(rowsOf(await sql('describe vm_disk')).map((row) => row[0])).toEqual(['time', 'day', 'entity', 'device', 'readBytes']);
    expect(rowsOf(await sql('select CPURATIO, lag(cpuRatio) over (order by time) from main.vm order by time limit 1 offset 2'))).toEqual([
      [1, 0],
    ]);
  });

  test.each([
    ['select sum(x) from (select sent as x from vm)', [[null]]],
    ['select max(v.cpuRatio) from vm as v', [[29]]],
    ['select (v).cpuRatio from vm v order by time limit 1', [[1]]],
    ['select v.cpuRatio from vm v order by v.time limit 1', [[1]]],
    ['select "CPURATIO" from vm order by "TIME" limit 1', [[1]]],
    ["select struct_extract(vm, 'cpuRatio') from vm order by time limit 1", [[1]]],
    ["select columns('cpu.*tio') from vm order by time limit 1", [[1]]],
    ['select * exclude (time, day, entity, sent) from vm order by vm.time limit 1', [[null, 1]]],
    ['select count(*) from vm a join vm b using (time, entity, cpuRatio)', [[31]]],
    ['select count(*) from vm a natural join vm b', [[0]]],
    ['select count(*) from vm a natural join (select time, cpuRatio from vm) b', [[31]]],
    ['select #6 from vm order by time limit 1', [[1]]],
    ['select entity from vm where cpuRatio = (select max(cpuRatio) from vm)', [['a']]],
    ['select entity from vm group by entity having max(cpuRatio) > 5', [['a']]],
    [
      'select max(cpuRatio) over w from vm window w as (partition by entity order by time) qualify row_number() over w = 1 order by 1',
      [[0], [1]],
    ],
    ['select count(*) from vm', [[31]]],
    ['select count(*) from vm, vm_disk', [[0]]],
    ['from (from vm) select list_transform([cpuRatio], x -> x + 1)[1] order by time limit 1', [[2]]],
  ])('reads the columns that are named in whatever way: %s', async (text, rows) => {
    expect(rowsOf(await sql(text))).toEqual(rows);
  });
});
