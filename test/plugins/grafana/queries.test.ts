import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FrameJson } from '../../../plugins/grafana/frames.ts';
import { START_TIMEOUT_MS, startWorld, type World } from './world.ts';

interface Answer {
  readonly frames: readonly FrameJson[];
  readonly errors: readonly { readonly refId: string; readonly code: string; readonly message: string }[];
}

describe('what panels ask', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ config: { frames: { queriesMax: 3, forecastsMax: 1 } } });
  }, START_TIMEOUT_MS);
  afterAll(() => world.hub[Symbol.asyncDispose]());

  const range = () => ({ from: Date.now() - 6 * 3_600_000, to: Date.now() });
  const ask = async (query: object, as = 'viewer'): Promise<Answer> => {
    const { status, body } = await world.query({ ...range(), queries: [{ refId: 'A', ...query }] }, as);
    expect(status).toBe(200);
    return body as unknown as Answer;
  };
  const namesOf = ({ frames }: Answer): string[] => frames.map(({ schema }) => schema.name);

  test('without a token nothing is answered', async () => {
    expect((await world.get('/health', 'nobody')).status).toBe(401);
    expect((await world.query({ ...range(), queries: [{ refId: 'A', kind: 'metric', metric: 'vm.cpuRatio' }] }, 'nobody')).status).toBe(
      401,
    );
  });

  test.each([
    ['no JSON', 'x', /not JSON/],
    ['no queries', { from: 1, to: 2, queries: [] }, /queries/],
    ['a kind that there is not', { from: 1, to: 2, queries: [{ refId: 'A', kind: 'shell' }] }, /kind/],
    ['an empty range', { from: 2, to: 2, queries: [{ refId: 'A', kind: 'sql', sql: 'select 1' }] }, /range is empty/],
    [
      'too many queries',
      { from: 1, to: 2, queries: Array.from('ABCD', (refId) => ({ refId, kind: 'sql', sql: 'select 1' })) },
      /at most 3/,
    ],
    [
      'a horizon that is none',
      { from: 1, to: 2, queries: [{ refId: 'A', kind: 'metric', metric: 'vm.cpuRatio', forecast: '24' }] },
      /^queries\[0\]\.forecast: must be minutes, hours or days such as 30m, 6h or 7d$/,
    ],
  ])('refuses %s', async (_, body, why) => {
    const { status, body: problem } = await world.query(body);
    expect({ status, code: problem['code'] }).toEqual({ status: 400, code: 'grafana_query_invalid' });
    expect(problem['detail']).toMatch(why);
  });

  test('a body of more than a megabyte is refused before it is read', async () => {
    expect((await world.query({ text: 'x'.repeat(2 ** 20) })).status).toBe(413);
  });

  test('each sees the series of what they may see', async () => {
    const query = { kind: 'metric', metric: 'vm.cpuRatio' };
    expect(namesOf(await ask(query))).toEqual(['name-of-mine']);
    expect(namesOf(await ask(query, 'other'))).toEqual(['name-of-theirs']);
    expect(namesOf(await ask(query, 'admin'))).toEqual(['name-of-mine', 'name-of-theirs']);
    expect(namesOf(await ask({ ...query, tenant: 'other' }))).toEqual([]);
    expect(namesOf(await ask({ ...query, host: 'h1' }))).toEqual(['name-of-mine']);
    expect(namesOf(await ask({ ...query, host: 'h2' }))).toEqual([]);
  });

  test('a query that is refused says why, and the others of the panel are answered', async () => {
    const queries = [
      { refId: 'A', kind: 'metric', metric: 'vm.cpuRatio', targets: ['name-of-theirs'] },
      { refId: 'B', kind: 'metric', metric: 'vm.nothing' },
      { refId: 'C', kind: 'metric', metric: 'host.cpuRatio' },
    ];
    const answer = (await world.query({ ...range(), queries })).body as unknown as Answer;
    expect(answer.errors).toMatchObject([
      { refId: 'A', code: 'vm_unknown' },
      { refId: 'B', code: 'metric_unknown' },
    ]);
    expect(namesOf(answer)).toEqual(['h1']);
  });

  test('a token for other actions gets no samples', async () => {
    expect(await ask({ kind: 'metric', metric: 'vm.cpuRatio' }, 'narrow')).toMatchObject({ frames: [], errors: [{ refId: 'A' }] });
  });

  test('SQL is for admins, sees the range of the panel, and is read-only', async () => {
    const sql = 'select count(*) as n, min(time) >= $__from as inside, $__stepSeconds as step from vm where $__timeFilter(time)';
    expect((await ask({ kind: 'sql', sql })).errors).toMatchObject([{ code: 'permission_denied' }]);
    const { frames, errors } = await ask({ kind: 'sql', sql }, 'admin');
    expect(errors).toEqual([]);
    expect(frames[0]?.data.values).toEqual([[144], [true], [72]]);
    expect((await ask({ kind: 'sql', sql: 'drop table vm' }, 'admin')).errors).toMatchObject([{ code: 'sql_refused' }]);
  });

  test('a small panel gets wider steps, and a chosen step is kept', async () => {
    const count = async (query: object, more: object = {}): Promise<number> => {
      const { body } = await world.query({
        ...range(),
        ...more,
        queries: [{ refId: 'A', kind: 'metric', metric: 'host.cpuRatio', ...query }],
      });
      return (body as unknown as Answer).frames[0]?.data.values[0]?.length ?? 0;
    };
    expect(await count({}, { maxDataPoints: 6 })).toBeLessThanOrEqual(7);
    expect(await count({ stepSeconds: 3600 })).toBeLessThanOrEqual(7);
    expect(await count({})).toBeGreaterThan(60);
  });

  test('a forecast stands beside the samples, with its band and its score', async () => {
    const { frames, errors } = await ask({ kind: 'metric', metric: 'vm.cpuRatio', forecast: '6h' }, 'admin');
    expect(errors).toEqual([]);
    expect(frames.map(({ schema }) => schema.name)).toEqual(['name-of-mine', 'name-of-theirs', 'name-of-mine forecast']);
    const { schema, data } = frames[2]!;
    expect(schema.fields.map(({ name }) => name)).toEqual(['time', 'p10', 'p50', 'p90']);
    expect(schema.fields[3]?.config?.custom?.['fillBelowTo']).toBe(schema.fields[1]?.config?.displayNameFromDS);
    expect(schema.meta?.custom).toMatchObject({ forecast: { of: 'name-of-mine', horizonSeconds: 21_600, isShortened: false } });
    const [times, low, middle, high] = data.values as number[][];
    expect(times).toHaveLength(72);
    expect(middle?.every((value, index) => low![index]! <= value && value <= high![index]!)).toBe(true);
    expect(frames[0]?.schema.meta?.notices?.[0]?.text).toMatch(/first 1 of 2/);
  });

  test('what cannot be forecast is a notice, not an error', async () => {
    const { frames, errors } = await ask({ kind: 'metric', metric: 'vm.memoryUsedBytes', targets: ['mine'], forecast: '6h' });
    expect(errors).toEqual([]);
    expect(frames).toHaveLength(1);
    expect(frames[0]?.schema.meta?.notices?.[0]?.text).toMatch(/^name-of-mine: Too little history/);
  });

  test('actions that show something become tables; what is missing is said; all else is refused', async () => {
    const plugins = await ask({ kind: 'action', action: 'plugin.list' }, 'admin');
    expect(plugins.frames[0]?.schema.fields.map(({ name }) => name)).toEqual(['name', 'state', 'reason']);
    expect(plugins.frames[0]?.data.values[0]).toContain('grafana');
    const missing = await ask({ kind: 'action', action: 'nothing.list' });
    expect(missing.frames[0]?.schema.meta?.notices?.[0]?.text).toMatch(/no action 'nothing.list'/);
    const misspelt = await ask({ kind: 'action', action: 'vm.lst' });
    expect(misspelt.frames[0]?.schema.meta?.notices?.[0]?.text).toMatch(/no action 'vm.lst' for you here. Is it misspelt/);
    for (const action of ['job.cancel', 'metrics.import', 'demo.load'])
      expect((await ask({ kind: 'action', action, input: { job: 'x' } }, 'admin')).errors).toMatchObject([{ code: 'grafana_not_a_read' }]);
  });

  test('variables are what the caller may see, narrowed by what was chosen', async () => {
    const values = async (of: string, as = 'viewer') =>
      ((await world.get(`/variables?of=${of}`, as)).body['values'] as { value: string }[]).map(({ value }) => value);
    expect(await values('vms')).toEqual(['name-of-mine']);
    expect(await values('vms', 'admin')).toEqual(['name-of-mine', 'name-of-theirs']);
    expect(await values('vms&tenant=other', 'admin')).toEqual(['name-of-theirs']);
    expect(await values('vms&text=THEIRS', 'admin')).toEqual(['name-of-theirs']);
    expect(await values('tenants', 'admin')).toEqual(['default', 'other']);
    expect(await values('hosts')).toEqual(['h1']);
    expect(await values('metrics&text=cpuratio')).toEqual(['host.cpuRatio', 'vm.cpuRatio']);
    expect((await world.get('/variables?of=secrets')).body['code']).toBe('grafana_variable_unknown');
  });

  test('jobs are annotations of those who may see them', async () => {
    const { hub } = world;
    await hub.run('demo.load', { vm: 'mine', days: 1 }, hub.as('admin')).catch(() => null);
    const { annotations } = (await world.get(`/annotations?of=jobs`, 'admin')).body as { annotations: { text: string; time: number }[] };
    expect(annotations.map(({ text }) => text)).toEqual([expect.stringMatching(/^demo\.load by /)]);
    expect((await world.get('/annotations', 'other')).body).toEqual({ annotations: [] });
    expect((await world.get('/annotations?from=soon')).status).toBe(400);
    const { frames } = await ask({ kind: 'annotations', of: ['jobs'] }, 'admin');
    expect(frames[0]?.schema.fields.map(({ name }) => name)).toEqual(['time', 'timeEnd', 'title', 'text', 'tags', 'id']);
  });

  test('incidents are annotations of those who may see them', async () => {
    const { hub } = world;
    await hub.run('incident.raise', { title: 'customers cannot sign in' }, hub.as('operator'));
    await expect
      .poll(async () => (await world.get('/annotations?of=incidents')).body)
      .toMatchObject({
        annotations: [{ title: expect.stringMatching(/customers cannot sign in/), tags: ['incident', 'warning', expect.any(String)] }],
      });
    expect((await world.get('/annotations?of=incidents', 'other')).body).toEqual({ annotations: [] });
  });

  test('"Save & test" learns who the token is', async () => {
    expect((await world.get('/health')).body).toMatchObject({
      actor: { name: 'viewer.default', role: 'viewer', tenant: 'default' },
      forecasts: true,
    });
  });
});
