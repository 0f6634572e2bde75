import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type HubEvent } from 'novacron/plugin';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import charts from '../../../plugins/charts/index.ts';
import { Incidents, type Signal } from '../../../plugins/monitoring/port.ts';
import reports from '../../../plugins/reports/index.ts';
import { createTestClock } from '../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { testDatabase } from '../../kit/postgres.ts';
import { createThings } from '../../kit/things.ts';

const MONDAY = Date.UTC(2026, 0, 5, 12);
const HOUR_MS = 3_600_000;

let folder: string;
let hub: TestHub;
let database: Awaited<ReturnType<typeof testDatabase>>;
const clock = createTestClock(MONDAY);
const things = createThings();
const raised: Signal[] = [];
const noMatter = () => Promise.reject(new Error('not asked here'));

/** Stands where monitoring stands, and remembers what it was told. */
const incidents = definePlugin({ name: 'monitoring', api: 1, config: z.object({}), needs: {}, provides: { incidents: Incidents } }, () => ({
  start: () => ({
    incidents: {
      raise: async (signals) => void raised.push(...signals),
      get: noMatter,
      list: noMatter,
      timeline: noMatter,
      offer: () => () => {},
    },
  }),
}));

const write = (name: string, cells: readonly (readonly [kind: 'markdown' | 'code', source: string, ...tags: string[]])[]): Promise<void> =>
  writeFile(
    join(folder, `${name}.ipynb`),
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: cells.map(([kind, source, ...tags], index) => ({
        cell_type: kind,
        id: String(index),
        source: [source],
        metadata: { tags },
        ...(kind === 'code' && { outputs: [], execution_count: null }),
      })),
    }),
  );

/** On the same data each time: what was there before a restart is there after it. */
const startHub = (): Promise<TestHub> =>
  startTestHub({
    clock,
    dataDir: join(folder, 'data'),
    databaseUrl: database.url,
    plugins: [things.plugin, charts, incidents, { plugin: reports, config: { folders: [folder], runsMax: 3, timeoutSeconds: 20 } }],
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-notebooks-'));
  database = await testDatabase();
  await write('levels', [
    ['markdown', '# Levels\n\nHow high the things stand.'],
    ['code', "const most: number = 10; // Highest level\nconst who: string = 'all';", 'parameters'],
    [
      'code',
      "import { headline, nova, plot, Plot, table } from 'novacron/notebook';\nconst list = (await nova.call('thing.list')) as { name: string; level: number }[];\ndisplay(headline({ label: 'Things', value: String(list.length), note: `of at most ${most}` }));\ndisplay(plot({ title: 'Levels', marks: [Plot.barX([1, 2])] }));\ndisplay({ 'text/html': '<script>fetch(\"/\")</script><b>bold</b><META http-equiv=refresh content=0;url=file:///etc/passwd>' });\ntable(list)",
    ],
    ['code', '[who, nova.now.toISOString(), JSON.stringify(nova.params)].join(" ")'],
  ]);
  await write('broken', [
    ['code', 'const fails: boolean = true;', 'parameters'],
    ['code', 'if (fails) throw new Error("no such thing")'],
  ]);
  await write('deletes', [
    ['code', "import { nova } from 'novacron/notebook';\nconst asked = (await nova.call('thing.drop', { thing: 'box' })) as never;\nasked"],
    ['code', 'await nova.confirm(asked)'],
  ]);
  hub = await startHub();
  await hub.run('thing.create', { name: 'box', level: 3 });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => void raised.splice(0));

interface RunOutput {
  readonly run: { readonly id: string; readonly link: string; readonly headline: unknown };
  readonly view: { readonly text: string; readonly pictures: readonly { readonly alt: string; readonly base64: string }[] };
}

const run = async (report: string, words: readonly string[] = [], actor = hub.as('operator')): Promise<RunOutput> =>
  (await hub.run('report.run', { report, with: words }, actor)) as unknown as RunOutput;

async function get(path: string, actor = hub.as('operator')): Promise<Response> {
  const { token } = await hub.identity.createApiToken({ actor, name: 'test', scopes: ['*'] });
  return fetch(`${hub.url}/api/v1/reports${path}`, { headers: { authorization: `Bearer ${token.reveal()}` } });
}

describe('a report', () => {
  it('is a notebook of the folders, with the parameters that it declares', async () => {
    const list = (await hub.run('report.list', {})) as { name: string; title: string; parameters: { name: string; default: unknown }[] }[];
    const found = list.find(({ name }) => name === 'levels');
    expect(found).toMatchObject({ title: 'Levels', summary: 'How high the things stand.', lastRun: null });
    expect(found?.parameters.map((parameter) => [parameter.name, parameter.default])).toEqual([
      ['most', 10],
      ['who', 'all'],
    ]);
    expect(list.map(({ name }) => name)).toContain('capacity');
  });

  it('runs in the name of the caller, and says figures, pictures and a link', async () => {
    const { run: done, view } = await run('levels', ['most=5']);
    expect(done).toMatchObject({
      state: 'succeeded',
      by: 'operator.default',
      at: MONDAY,
      parameters: { most: 5 },
      headline: [{ label: 'Things', value: '1', note: 'of at most 5' }],
      versions: { node: process.versions.node },
      data: { questions: 1 },
    });
    expect(view.text).toContain(done.link);
    expect(view.pictures.map(({ alt, base64 }) => [alt, base64.slice(0, 5)])).toEqual([['Levels', 'iVBOR']]);
  });

  it('takes its parameters as flags of the command', () => {
    const parsed = hub.actions.parse("report run levels --most 7 --who 'the box' --at 2026-01-05T11:00:00Z", hub.as('operator'));
    expect(parsed).toMatchObject({
      is: 'call',
      input: { report: 'levels', with: ['most=7', 'who=the box'], at: '2026-01-05T11:00:00Z' },
      missing: [],
    });
  });

  it('refuses parameters that it does not have before anything runs', async () => {
    await expect(run('levels', ['least=1'])).rejects.toThrow('report_parameter_unknown');
    await expect(run('levels', ['most=many'])).rejects.toThrow('report_parameter_invalid');
    await expect(run('nothing')).rejects.toThrow('report_unknown');
    const ahead = new Date(clock.now() + HOUR_MS).toISOString();
    await expect(hub.run('report.run', { report: 'levels', at: ahead }, hub.as('operator'))).rejects.toThrow('report_at_future');
  });

  it('is kept with all that makes it again: as HTML, as a notebook, as PDF', async () => {
    clock.advance(1000);
    const { run: done } = await run('levels', ['who=box']);
    const html = await get(`/runs/${done.id}/html`);
    expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html.headers.get('content-security-policy')).toContain('sandbox');
    const page = await html.text();
    expect(page).toContain('How high the things stand.');
    expect(page).toContain('&lt;META http-equiv=refresh');
    const kept = (await (await get('/runs/levels/ipynb')).json()) as {
      metadata: { novacron: unknown };
      cells: { source: string[]; outputs: unknown[] }[];
    };
    expect(kept.metadata.novacron).toMatchObject({
      run: done.id,
      at: clock.now(),
      parameters: { who: 'box' },
      versions: { hub: expect.any(String) },
    });
    expect(kept.cells.at(-1)?.outputs).toMatchObject([
      { data: { 'text/plain': `'box ${new Date(clock.now()).toISOString()} {"most":10,"who":"box"}'` } },
    ]);
    const pdf = await get(`/runs/${done.id}/pdf`);
    expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
  }, 60_000);

  it('is opened by its link until that expires, and by no other', async () => {
    const { run: done } = await run('levels');
    expect((await fetch(done.link)).status).toBe(200);
    expect((await fetch(done.link.replace(done.id, 'another'))).status).toBe(403);
    expect((await fetch(done.link.replace(/signature=../u, 'signature=AA'))).status).toBe(403);
    clock.advance(8 * 24 * HOUR_MS);
    expect((await fetch(done.link)).status).toBe(403);
    clock.advance(-8 * 24 * HOUR_MS);
  });

  it('is not there for another tenant, nor for who may not', async () => {
    const { run: done } = await run('levels');
    expect((await get(`/runs/${done.id}/html`, hub.as('operator', 'other'))).status).toBe(404);
    expect((await fetch(`${hub.url}/api/v1/reports/runs/${done.id}/html`)).status).toBe(401);
    await expect(hub.run('report.show', { report: done.id }, hub.as('operator', 'other'))).rejects.toThrow('no run');
    await expect(run('levels', [], hub.as('viewer'))).rejects.toThrow(/permission_denied|no such|may not/iu);
  });

  it('is shown again, the newest run first; of more than are kept the oldest go', async () => {
    for (const who of ['a', 'b', 'c', 'd']) {
      await run('levels', [`who=${who}`]);
      clock.advance(1000);
    }
    const runs = (await hub.run('report.runs', { report: 'levels' })) as { parameters: { who: string } }[];
    expect(runs.map(({ parameters }) => parameters.who)).toEqual(['d', 'c', 'b']);
    expect(await hub.run('report.show', { report: 'levels' })).toMatchObject({ run: { parameters: { who: 'd' } } });
  });

  it('cannot do what a person must confirm', async () => {
    await expect(run('deletes', [], hub.as('admin'))).rejects.toThrow('A report cannot confirm');
    expect(await hub.run('thing.get', { thing: 'box' })).toMatchObject({ level: 3 });
    const kept = (await (await get('/runs/deletes/ipynb')).json()) as { cells: { outputs: { data: { 'text/plain': string } }[] }[] };
    expect(kept.cells[0]?.outputs[0]?.data['text/plain']).toContain('nothing was done yet');
  });
});

describe('a report that fails', () => {
  it('fails its job, is kept with what it showed, and is an incident until it runs well', async () => {
    const events: HubEvent[] = [];
    const stop = new AbortController();
    const listening = (async () => {
      for await (const event of hub.events.subscribe({ actor: null, types: ['report.failed', 'report.ran'], signal: stop.signal }))
        if (event.type !== 'gap') events.push(event);
    })();
    await expect(run('broken')).rejects.toThrow('report_cell_failed: Cell 2: Error: no such thing');
    expect(raised).toMatchObject([
      { key: 'reports.failed/report/default/broken', state: 'firing', subject: { kind: 'report', id: 'broken' } },
    ]);
    expect(await hub.run('report.show', { report: 'broken' })).toMatchObject({
      run: { state: 'failed' },
      text: expect.stringContaining('no such thing'),
    });
    expect(await (await get('/runs/broken/html')).text()).toContain('This run failed.');
    await run('broken', ['fails=false']);
    expect(raised.map(({ state }) => state)).toEqual(['firing', 'resolved']);
    await expect.poll(() => events.map(({ type }) => type)).toEqual(['report.failed', 'report.ran']);
    stop.abort();
    await listening;
  });
});

describe('a schedule', () => {
  const runsOf = async (report: string): Promise<number> => ((await hub.run('report.runs', { report })) as unknown[]).length;

  it('is refused when it is none', async () => {
    const schedule = (input: object) => hub.run('report.schedule', { report: 'levels', ...input }, hub.as('operator'));
    await expect(schedule({ cron: 'every day' })).rejects.toThrow('report_schedule_invalid');
    await expect(schedule({ cron: '* * * * * *' })).rejects.toThrow('report_schedule_invalid');
    await expect(schedule({ cron: '0 7 * * *', timeZone: 'Mars/Olympus' })).rejects.toThrow("no time zone 'Mars/Olympus'");
    await expect(schedule({ cron: '0 7 * * *', with: ['least=1'] })).rejects.toThrow('report_parameter_unknown');
  });

  it(
    'runs in its time zone, in the name of who made it; what was missed while the hub was down runs once',
    { timeout: 60_000 },
    async () => {
      await write('hourly', [
        ['markdown', '# Hourly'],
        ['code', '1'],
      ]);
      const made = (await hub.run(
        'report.schedule',
        { report: 'hourly', cron: '30 7 * * *', timeZone: 'Asia/Tokyo' },
        hub.as('operator'),
      )) as { id: string; nextAt: number };
      // Half past seven in Tokyo is half past ten in the evening before, UTC.
      expect(new Date(made.nextAt).toISOString()).toBe('2026-01-05T22:30:00.000Z');
      clock.advance(made.nextAt + 60_000 - clock.now());
      await expect.poll(() => runsOf('hourly'), { timeout: 20_000 }).toBe(1);
      const [first] = (await hub.run('report.runs', { report: 'hourly' })) as { by: string }[];
      expect(first?.by).toBe('operator.default');

      await hub[Symbol.asyncDispose]();
      clock.advance(5 * 24 * HOUR_MS);
      hub = await startHub();
      await expect.poll(() => runsOf('hourly'), { timeout: 20_000 }).toBe(2);
      // The next look at the schedules finds nothing more to do.
      await new Promise((resolve) => setTimeout(resolve, 6000));
      expect(await runsOf('hourly')).toBe(2);

      await hub.run('report.unschedule', { id: made.id }, hub.as('operator'));
      expect(await hub.run('report.schedules', {})).toEqual([]);
    },
  );
});

it('leaves the notebook that it ran as it was', async () => {
  expect(JSON.parse(await readFile(join(folder, 'levels.ipynb'), 'utf8'))).toMatchObject({
    metadata: {},
    cells: [{}, {}, { outputs: [] }, { outputs: [] }],
  });
});
