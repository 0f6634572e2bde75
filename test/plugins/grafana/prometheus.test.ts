import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPrometheus, type Prometheus } from '../../bench/prometheus.ts';
import { REMOTE_WRITE_HEADERS } from '../../bench/remote-write.ts';
import { createScrapes, startGrafanaHub, VMS, type GrafanaHub, type Sample } from './prometheus-hub.ts';

/** The hub's answers beside those of a real Prometheus that was sent the very same messages. */

const MINUTE = 60_000;
const DAY_MS = 86_400_000;
const STEP_MS = 15_000;
const HOURS = 5;
/** Midnight of yesterday: half of the samples before it are sealed, the others hot. */
const MIDNIGHT = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const FROM = MIDNIGHT - (HOURS / 2) * 60 * MINUTE;
const TO = MIDNIGHT + (HOURS / 2) * 60 * MINUTE;

/** Values that differ, rise, fall, begin again and are missing: the same for every run. */
function scrapeAt(index: number): Sample[] {
  const wave = (phase: number): number => Math.round((0.5 + 0.4 * Math.sin(index / 40 + phase)) * 10_000) / 10_000;
  return VMS.flatMap(({ name, id, tenant }, vm) => {
    // db-1 is off for an hour.
    if (name === 'db-1' && index > 300 && index < 540) return [];
    const labels = { vm: name, vm_id: id, tenant: tenant ?? '' };
    // web-2 starts again every 97 scrapes, which sets its counters back.
    const age = name === 'web-2' ? index % 97 : index;
    const disks = ['vda', 'vdb'].map((device, disk) => ({
      labels: { ...labels, __name__: 'vm_disk_read_bytes_total', device },
      value: Math.floor(age * (1000 + 700 * vm + 13 * disk) + 50 * wave(vm)),
    }));
    return [
      { labels: { ...labels, __name__: 'vm_cpu_ratio' }, value: wave(vm) },
      { labels: { ...labels, __name__: 'vm_memory_bytes' }, value: 2 ** 30 * (1 + vm) + (name === 'web-1' ? index * 4096 : 0) },
      { labels: { ...labels, __name__: 'vm_cpu_time_seconds_total' }, value: Math.round(age * 7.5 * wave(0) * 1000) / 1000 + age },
      ...disks,
    ];
  });
}

let target: GrafanaHub;
let prometheus: Prometheus;
let folder: string;

async function writeBoth(body: Buffer<ArrayBuffer>): Promise<void> {
  await prometheus.write(body);
  const answer = await fetch(`${target.url}/api/v1/write`, {
    method: 'POST',
    headers: { ...REMOTE_WRITE_HEADERS, authorization: `Bearer ${target.tokens.admin}` },
    body,
  });
  if (answer.status !== 204) throw new Error(`the hub answered ${answer.status}: ${await answer.text()}`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-promql-'));
  [target, prometheus] = await Promise.all([startGrafanaHub(), startPrometheus(folder)]);
  const encode = createScrapes();
  // Some seconds after the full minute: no sample lies on the edge of a window, where Prometheus 2 and 3 differ.
  for (let index = 0; FROM + index * STEP_MS < TO; index++) await writeBoth(encode(scrapeAt(index), FROM + index * STEP_MS + 3000));
  await target.store.seal(new Date(MIDNIGHT).toISOString().slice(0, 10));
}, 180_000);

afterAll(async () => {
  await target?.[Symbol.asyncDispose]();
  await prometheus?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Result {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

async function ask({ base, token }: { base: string; token?: string }, path: string, parameters: Record<string, string>): Promise<Result> {
  const answer = await fetch(`${base}/api/v1/${path}`, {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: new URLSearchParams(parameters),
  });
  return (await answer.json()) as Result;
}

const ours = (path: string, parameters: Record<string, string>, token = target.tokens.admin) =>
  ask({ base: target.url, token }, path, parameters);
const theirs = (path: string, parameters: Record<string, string>) => ask({ base: prometheus.url }, path, parameters);

interface Entry {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

const sortedEntries = (labels: Record<string, string>) => Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));

/** Our answer with their text where the numbers are the same but for the last digits: sums are added up in another order. */
function rounded(own: Result, theirs: Result): Result {
  if (own.data?.resultType !== 'matrix' && own.data?.resultType !== 'vector') return own;
  const key = ({ metric }: Entry): string => JSON.stringify(sortedEntries(metric));
  const others = new Map(((theirs.data?.result ?? []) as Entry[]).map((entry) => [key(entry), new Map(entry.values ?? [entry.value!])]));
  const result = (own.data.result as Entry[]).map((entry) => {
    const points = (entry.values ?? [entry.value!]).map(([at, text]): [number, string] => {
      const other = others.get(key(entry))?.get(at);
      return [at, other !== undefined && isClose(Number(text), Number(other)) ? other : text];
    });
    return { metric: entry.metric, values: points };
  });
  return { ...own, data: { ...own.data, result } };
}

function comparable({ data, ...rest }: Result, keepsOrder: boolean): unknown {
  if (data === undefined || !Array.isArray(data.result) || data.resultType === 'scalar' || data.resultType === 'string')
    return { ...rest, data };
  const entries = (data.result as Entry[]).map(({ metric, value, values }) => ({
    metric: Object.fromEntries(sortedEntries(metric)),
    points: values ?? [value!],
  }));
  const text = (entry: unknown): string => JSON.stringify(entry);
  return { ...rest, type: data.resultType, result: keepsOrder ? entries : entries.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)) };
}

const QUERIES: readonly string[] = [
  'vm_cpu_ratio',
  'vm_cpu_ratio{vm="web-1"}',
  'vm_cpu_ratio{vm=~"web-.*",tenant!="other"}',
  'vm_cpu_ratio{vm!~"web-.+"} offset 10m',
  '{__name__=~"vm_.*",vm="db-1"}',
  'vm_disk_read_bytes_total{device="vda"}',
  'vm_cpu_ratio @ end()',
  'rate(vm_disk_read_bytes_total[5m])',
  'rate(vm_disk_read_bytes_total{device="vdb"}[1m])',
  'irate(vm_cpu_time_seconds_total[5m])',
  'increase(vm_disk_read_bytes_total[1h])',
  'sum by (vm) (rate(vm_disk_read_bytes_total[10m]))',
  'sum without (device, vm_id, tenant) (increase(vm_disk_read_bytes_total[20m]))',
  'delta(vm_memory_bytes[15m])',
  'idelta(vm_cpu_ratio[5m])',
  'deriv(vm_memory_bytes{vm="web-1"}[30m])',
  'predict_linear(vm_memory_bytes{vm="web-1"}[30m], 3600)',
  'avg_over_time(vm_cpu_ratio[5m])',
  'avg_over_time(vm_cpu_ratio[1h])',
  'min_over_time(vm_cpu_ratio[10m])',
  'max_over_time(vm_cpu_ratio[10m])',
  'sum_over_time(vm_cpu_ratio[10m])',
  'count_over_time(vm_cpu_ratio[10m])',
  'last_over_time(vm_cpu_ratio[10m])',
  'present_over_time(vm_cpu_ratio{vm="db-1"}[5m])',
  'stddev_over_time(vm_cpu_ratio[10m])',
  'stdvar_over_time(vm_cpu_ratio[10m])',
  'quantile_over_time(0.95, vm_cpu_ratio[1h])',
  'quantile_over_time(0.5, vm_cpu_ratio{vm="db-1"}[2h])',
  'changes(vm_cpu_ratio[10m])',
  'resets(vm_disk_read_bytes_total[1h])',
  'avg(avg_over_time(vm_cpu_ratio[5m]))',
  'max by (tenant) (vm_cpu_ratio)',
  'min without (vm, vm_id) (vm_memory_bytes)',
  'count(vm_cpu_ratio > 0.5)',
  'stddev(vm_cpu_ratio)',
  'stdvar by (tenant) (vm_cpu_ratio)',
  'quantile(0.9, vm_cpu_ratio)',
  'group by (vm) (vm_disk_read_bytes_total)',
  'count_values("bytes", vm_memory_bytes{vm!="web-1"})',
  'topk(2, vm_memory_bytes)',
  'bottomk by (tenant) (1, vm_cpu_ratio)',
  'vm_memory_bytes / 1024 ^ 2 % 7',
  '-vm_cpu_ratio',
  '100 * (1 - vm_cpu_ratio)',
  'vm_cpu_ratio > 0.7',
  'vm_cpu_ratio > bool 0.7',
  '0.3 < vm_cpu_ratio',
  'vm_cpu_ratio * on (vm) vm_memory_bytes',
  'vm_cpu_ratio / ignoring (nothing) vm_memory_bytes',
  'rate(vm_disk_read_bytes_total[5m]) / on (vm) group_left (tenant) vm_memory_bytes',
  'vm_memory_bytes * on (vm) group_right rate(vm_disk_read_bytes_total[5m])',
  'vm_cpu_ratio and on (vm) vm_memory_bytes > 2e9',
  'vm_cpu_ratio unless vm_cpu_ratio{vm="web-1"}',
  'vm_cpu_ratio{vm="db-1"} or vm_memory_bytes{vm="db-1"} or vm_cpu_ratio{vm="web-1"}',
  'abs(vm_cpu_ratio - 0.5)',
  'ceil(vm_cpu_ratio * 10)',
  'floor(vm_cpu_ratio * 10)',
  'round(vm_cpu_ratio, 0.05)',
  'clamp(vm_cpu_ratio, 0.2, 0.6)',
  'clamp_min(vm_cpu_ratio, 0.5)',
  'clamp_max(vm_cpu_ratio, 0.5)',
  'ln(vm_memory_bytes)',
  'exp(vm_cpu_ratio)',
  'sqrt(vm_cpu_ratio)',
  'sgn(vm_cpu_ratio - 0.5)',
  'absent(vm_cpu_ratio{vm="db-1"})',
  'absent(vm_cpu_ratio{vm="nobody",tenant="default"})',
  'absent_over_time(vm_cpu_ratio{vm="db-1"}[5m])',
  'label_replace(vm_cpu_ratio, "role", "$1", "vm", "(.*)-.*")',
  'label_join(vm_cpu_ratio, "both", "/", "tenant", "vm")',
  'scalar(vm_cpu_ratio{vm="web-1"}) + 1',
  'vector(1) + hour() * minute()',
  'time() - 60',
  '1 + 2 * 3 ^ 2',
  'vm_cpu_ratio{vm="web-1"} / 0',
  '(vm_cpu_ratio - vm_cpu_ratio) / 0',
  // What a run of random expressions found.
  '-2 ^ 2',
  '0x1F + 010',
  'vm_cpu_ratio ^ NaN + 1 ^ vm_cpu_ratio ^ (0 * Inf)',
  '(vm_cpu_ratio > 0.5) or vm_cpu_ratio',
  '(3 >= {__name__=~"vm_(cpu_ratio|memory_bytes)"}) * 2',
  'sum(vm_cpu_ratio > 9) + on () {__name__=~"vm_(cpu_ratio|memory_bytes)"}',
  'predict_linear(vm_memory_bytes{vm="web-1"}[7m] offset 10m, 600)',
  'count_values("v", vm_cpu_ratio / 0)',
  'count_values("v", vm_memory_bytes{vm!="web-1"} * 1e12)',
  'absent(vm_cpu_ratio{vm="nobody",tenant=""})',
  'hour(vector(-0.5))',
  'vm_cpu_ratio{toString="",constructor!="x"}',
  'vm_cpu_ratio{vm=~"(?P<role>web|db)+-[[:digit:]]"}',
  'vm_cpu_ratio{vm=~"\\\\Qweb-1\\\\E"}',
  'label_replace(vm_cpu_ratio, "x", "$1x-${1}x-$$-$role-$9-$&", "vm", "(?P<role>.*)-1")',
];

describe('beside a real Prometheus', () => {
  test('half of the samples are sealed, the others hot', async () => {
    const { sealedRows, hotRows, sealedFiles } = await target.store.stats();
    expect([sealedRows > 3000, hotRows > 3000, sealedFiles]).toEqual([true, true, 2]);
  });

  const range = (from: number, to: number, step: number) => ({ start: String(from / 1000), end: String(to / 1000), step: String(step) });

  test.each(QUERIES)('%s', async (query) => {
    const asked = [
      // Steps on full five minutes, which rollups answer, and others, for which samples are read; none of them at the instant of a sample.
      { path: 'query_range', parameters: { query, ...range(FROM + 30 * MINUTE, TO, 300) } },
      { path: 'query_range', parameters: { query, ...range(MIDNIGHT - 47_000, MIDNIGHT + 20 * MINUTE, 45) } },
      { path: 'query', parameters: { query, time: String(TO / 1000) } },
      { path: 'query', parameters: { query, time: String((MIDNIGHT - 61_000) / 1000) } },
    ];
    for (const { path, parameters } of asked) {
      const [own, other] = await Promise.all([ours(path, parameters), theirs(path, parameters)]);
      expect(comparable(rounded(own, other), false)).toEqual(comparable(other, false));
    }
  });

  test.each([
    'topk(3, vm_memory_bytes)',
    'topk(100, vm_memory_bytes)',
    'bottomk(2, vm_cpu_ratio)',
    'sort(vm_cpu_ratio)',
    'sort_desc(vm_memory_bytes)',
  ])('the order of %s', async (query) => {
    const parameters = { query, time: String(TO / 1000) };
    const [own, other] = [await ours('query', parameters), await theirs('query', parameters)];
    expect(comparable(rounded(own, other), true)).toEqual(comparable(other, true));
  });

  test.each([
    'vm_cpu_ratio{',
    'rate(vm_cpu_ratio)',
    'foo(vm_cpu_ratio)',
    'vm_cpu_ratio + on (vm) vm_disk_read_bytes_total',
    '1 > 2',
    '{vm=""}',
    'vm_cpu_ratio offset 5m offset 7m',
    'vm_cpu_ratio @ 10 @ 20',
    'vm_cpu_ratio * on (vm) group_left (vm) vm_memory_bytes',
    'vm_cpu_ratio{vm=~"("}',
    'label_replace(vm_cpu_ratio, "a-b", "x", "vm", ".*")',
  ])('both refuse %s', async (query) => {
    const parameters = { query, time: String(TO / 1000) };
    const [own, other] = await Promise.all([ours('query', parameters), theirs('query', parameters)]);
    expect([own.status, own.errorType]).toEqual([other.status, other.errorType]);
  });

  test('an instant query of predict_linear counts from its instant, also where @ stands; a range from each step', async () => {
    const query = `predict_linear(vm_memory_bytes{vm="web-1"}[7m] @ ${MIDNIGHT / 1000}, 3600)`;
    const at = [TO - 10 * MINUTE, TO - 5 * MINUTE, TO];
    const instants = await Promise.all(at.map((time) => theirs('query', { query, time: String(time / 1000) })));
    const ranged = await ours('query_range', { query, ...range(at[0]!, TO, 300) });
    const first = ({ data }: Result): Entry | undefined => (data?.result as Entry[] | undefined)?.[0];
    const wanted = instants.map((one) => Number(first(one)?.value?.[1]));
    const values = (first(ranged)?.values ?? []).map(([, value]) => Number(value));
    expect(values.every((value, index) => isClose(value, wanted[index]!))).toBe(true);
    expect(values).toHaveLength(3);
  });

  test('a regular expression takes no longer than what it looks at, whatever is written in it', async () => {
    const started = performance.now();
    const own = await ours('query', { query: `vm_cpu_ratio{vm_id=~"${'.*'.repeat(400)}x"}`, time: String(TO / 1000) });
    expect([own.status, performance.now() - started < 2000]).toEqual(['success', true]);
  });

  test('promtool asks it like any Prometheus', async () => {
    const run = promisify(execFile);
    const url = target.url.replace('://', `://token:${target.tokens.admin}@`);
    const at = new Date(TO).toISOString();
    const instant = (server: string) =>
      run('/usr/bin/promtool', ['query', 'instant', `--time=${at}`, server, 'sum by (tenant) (vm_memory_bytes)']);
    expect((await instant(url)).stdout.split('\n').toSorted()).toEqual((await instant(prometheus.url)).stdout.split('\n').toSorted());
    const rangeArgs = [`--start=${new Date(MIDNIGHT).toISOString()}`, `--end=${at}`, '--step=10m'];
    const ranged = (server: string) => run('/usr/bin/promtool', ['query', 'range', ...rangeArgs, server, 'max(vm_cpu_ratio)']);
    expect((await ranged(url)).stdout).toBe((await ranged(prometheus.url)).stdout);
    const labels = await run('/usr/bin/promtool', ['query', 'labels', url, 'vm']);
    expect(labels.stdout.trim().split('\n')).toEqual(['db-1', 'other-1', 'web-1', 'web-2']);
    const series = await run('/usr/bin/promtool', ['query', 'series', '--match=vm_cpu_ratio', url]);
    expect(series.stdout.trim().split('\n')).toHaveLength(4);
  });
});

describe('what the hub says itself', () => {
  const now = () => ({ time: String(TO / 1000) });

  test.each([
    ['max_over_time(vm_cpu_ratio[1h:5m])', 'a subquery'],
    ['histogram_quantile(0.9, vm_cpu_ratio)', 'histogram_quantile()'],
    ['limitk(2, vm_cpu_ratio)', 'limitk'],
    ['timestamp(vm_cpu_ratio)', 'timestamp()'],
  ])('%s is refused by name', async (query, name) => {
    const answer = await ours('query', { query, ...now() });
    expect(answer).toMatchObject({ status: 'error', errorType: 'bad_data', error: expect.stringContaining(name) as unknown });
  });

  test('a tenant is a wall: others see neither its series nor its labels', async () => {
    const { viewer, other } = target.tokens;
    const names = async (token: string, query: string): Promise<unknown> => {
      const { data } = await ours('query', { query, ...now() }, token);
      return (data!.result as Entry[]).map(({ metric }) => metric['vm']!).toSorted();
    };
    expect(await names(viewer, 'vm_cpu_ratio')).toEqual(['db-1', 'web-1', 'web-2']);
    expect(await names(other, 'vm_cpu_ratio')).toEqual(['other-1']);
    expect(await names(other, 'vm_cpu_ratio{vm_id="id-web-1"}')).toEqual([]);
    const sum = await ours('query', { query: 'count(avg_over_time(vm_cpu_ratio[1h]))', ...now() }, other);
    expect((sum.data!.result as Entry[])[0]?.value?.[1]).toBe('1');
    const get = async (path: string) =>
      (await fetch(`${target.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${other}` } })).json();
    expect(await get('label/vm/values')).toEqual({ status: 'success', data: ['other-1'] });
    expect(((await get('series?match[]=vm_memory_bytes')) as { data: Entry['metric'][] }).data.map((labels) => labels['tenant'])).toEqual([
      'other',
    ]);
  });

  test('nobody reads without a token, and samples come only from those who may import', async () => {
    expect((await fetch(`${target.url}/api/v1/query?query=1`)).status).toBe(401);
    const body = createScrapes()([{ labels: { __name__: 'vm_cpu_ratio', vm: 'web-1' }, value: 1 }], TO);
    const send = async (token: string, more: Buffer<ArrayBuffer> = body) =>
      (
        await fetch(`${target.url}/api/v1/write`, {
          method: 'POST',
          headers: { ...REMOTE_WRITE_HEADERS, authorization: `Bearer ${token}` },
          body: more,
        })
      ).status;
    expect(await send(target.tokens.viewer)).toBe(403);
    const scrape = createScrapes();
    expect(await send(target.tokens.admin, scrape([{ labels: { __name__: 'vm_nothing', vm: 'web-1' }, value: 1 }], TO))).toBe(400);
    expect(await send(target.tokens.admin, scrape([{ labels: { __name__: 'vm_cpu_ratio', vm: 'nobody' }, value: 1 }], TO))).toBe(404);
    expect(await send(target.tokens.admin, Buffer.from([1, 2, 3]))).toBe(400);
  });

  test('too many points are refused as Prometheus refuses them', async () => {
    const answer = await ours('query_range', { query: 'vm_cpu_ratio', start: '0', end: '1000000', step: '1' });
    expect(answer).toMatchObject({ errorType: 'bad_data', error: expect.stringContaining('exceeded maximum resolution') as unknown });
  });

  test('metadata, labels and build information are what Grafana looks for', async () => {
    const get = async (path: string) =>
      (await fetch(`${target.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${target.tokens.admin}` } })).json() as Promise<{
        data: unknown;
      }>;
    expect((await get('metadata?metric=vm_cpu_ratio')).data).toEqual({
      vm_cpu_ratio: [{ type: 'gauge', help: 'For a test.', unit: 'ratio' }],
    });
    expect((await get('labels')).data).toEqual(['__name__', 'device', 'tenant', 'vm', 'vm_id']);
    expect((await get('status/buildinfo')).data).toMatchObject({ version: '2.42.0' });
  });
});
