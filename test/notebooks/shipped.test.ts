import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commands } from '../../plugins/reports/cli.ts';
import { parseNotebook } from '../../plugins/reports/runner/notebook.ts';
import { pngSize } from '../plugins/charts/pixels.ts';
import { createTestClock, type TestClock } from '../kit/clock.ts';
import type { TestHub } from '../kit/hub.ts';
import { RECORDED_UNTIL } from './fleet.ts';
import { startRecordedHub } from './recorded-hub.ts';
import { createTeller, HOT_SINCE, HOT_UNTIL } from './told.ts';

const run = promisify(execFile);
const projectDir = join(import.meta.dirname, '../..');
const NOTEBOOKS = ['anomaly-week', 'capacity', 'forecast-scorecard', 'incident-review', 'right-sizing', 'vm-biography'];

let hub: TestHub;
let folder: string;
const teller = createTeller();
const MINUTE_MS = 60_000;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-shipped-'));
  const clock = createTestClock(HOT_SINCE + 20 * MINUTE_MS);
  hub = await startRecordedHub({}, { clock, plugins: [teller.plugin] });
  await tellOfTheNight(clock);
  clock.advance(RECORDED_UNTIL - clock.now());
  await hub.run('recommendation.look', {});
}, 60_000);
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** An incident as it would have been: opened, taken, noted, over. */
async function tellOfTheNight(clock: TestClock): Promise<void> {
  const becomes = (state: string): Promise<void> =>
    vi.waitFor(async () => {
      const { incidents } = (await hub.run('incident.list', { state: 'all' })) as unknown as { incidents: { state: string }[] };
      expect(incidents[0]?.state).toBe(state);
    }, 15_000);
  await teller.tell('firing', clock.now(), 0.72);
  await becomes('open');
  clock.advance(11 * MINUTE_MS);
  await hub.run('incident.acknowledge', { incident: 'INC-1' }, hub.as('operator'));
  clock.advance(40 * MINUTE_MS);
  await hub.run('incident.note', { incident: 'INC-1', text: 'A crawler asks for every page; it is being shut out.' }, hub.as('operator'));
  clock.advance(HOT_UNTIL + 10 * MINUTE_MS - clock.now());
  await teller.tell('resolved', clock.now(), 0.2);
  await becomes('resolved');
}

interface Ran {
  readonly run: {
    readonly headline: readonly { readonly label: string; readonly value: string }[];
    readonly data: { readonly questions: number };
  };
  readonly view: { readonly pictures: readonly { readonly base64: string; readonly alt: string }[] };
}

interface Full {
  readonly now: number;
  readonly outlooks: readonly { readonly target: { readonly device: string | null }; readonly p50At: number | null }[];
}

const report = async (name: string, words: readonly string[] = []): Promise<Ran> =>
  (await hub.run('report.run', { report: name, with: words })) as unknown as Ran;

it('are all named here', async () => {
  expect(
    (await readdir(join(projectDir, 'notebooks')))
      .filter((file) => file.endsWith('.ipynb'))
      .map((file) => basename(file, '.ipynb'))
      .toSorted(),
  ).toEqual(NOTEBOOKS);
});

it('are kept without outputs, and for this kernel', async () => {
  for (const name of NOTEBOOKS) {
    const { cells, metadata } = parseNotebook(await readFile(join(projectDir, 'notebooks', `${name}.ipynb`), 'utf8'), name);
    expect(cells.flatMap(({ outputs = [] }) => outputs)).toEqual([]);
    expect(metadata).toMatchObject({ kernelspec: { name: 'novacron' } });
  }
});

describe('a shipped notebook', () => {
  it.each(NOTEBOOKS)(
    '%s is run by the hub on the recorded fleet, and has figures and pictures to show',
    { timeout: 90_000 },
    async (name) => {
      const { run: done, view } = await report(name, name === 'forecast-scorecard' ? ['vmsMax=3'] : []);
      expect(done.headline.length).toBeGreaterThanOrEqual(3);
      expect(done.data.questions).toBeGreaterThan(2);
      expect(view.pictures.length).toBeGreaterThanOrEqual(2);
      for (const { base64, alt } of view.pictures) {
        expect(alt.length).toBeGreaterThan(5);
        expect(pngSize(Buffer.from(base64, 'base64'))?.width).toBe(1600);
      }
    },
  );

  it.each(NOTEBOOKS)('%s is run by nbconvert through the Jupyter kernel', { timeout: 120_000 }, async (name) => {
    const { token } = await hub.identity.createApiToken({ actor: hub.as('admin'), name: `jupyter ${name}`, scopes: ['*'] });
    const env = {
      ...process.env,
      JUPYTER_PATH: folder,
      HOME: folder,
      NOVACRON_URL: hub.url,
      NOVACRON_TOKEN: token.reveal(),
      NOVACRON_AT: String(RECORDED_UNTIL),
    };
    const context = {
      env,
      projectDir,
      signal: AbortSignal.timeout(10_000),
      say: () => {},
      hub: () => Promise.reject(new Error('not asked')),
    };
    await commands['kernel install']?.run([], context);
    const text = await readFile(join(projectDir, 'notebooks', `${name}.ipynb`), 'utf8');
    // Each forecast trains models; two show as much as eight.
    await writeFile(join(folder, `${name}.ipynb`), text.replace('vmsMax: number = 8', 'vmsMax: number = 2'));
    await run('jupyter', ['nbconvert', '--to', 'html', '--execute', `${name}.ipynb`], { env, cwd: folder, timeout: 110_000 });
    const html = await readFile(join(folder, `${name}.html`), 'utf8');
    expect(html.match(/data:image\/png;base64,iVBOR/gu)?.length).toBeGreaterThanOrEqual(2);
    expect(html.match(/<div[^>]* data-mime-type="application\/vnd\.jupyter\.stderr">[^]{0,300}/gu)).toBeNull();
  });
});

it('finds what the recording hides', { timeout: 90_000 }, async () => {
  const valueOf = ({ run: done }: Ran, label: string): string | undefined => done.headline.find((figure) => figure.label === label)?.value;
  // metrics-1 /data stands at 88 % and grows by 1.6 points a day; when it is full the report says as the chat does.
  const asked = { metric: 'vm.filesystem.usedRatio', targets: ['metrics-1'], horizon: '14d' };
  const { outlooks, now } = (await hub.run('forecast.full', asked)) as unknown as Full;
  const data = outlooks.find(({ target }) => target.device === '/data');
  const days = ((data?.p50At ?? Number.NaN) - now) / 86_400_000;
  expect(days).toBeGreaterThan(3);
  expect(days).toBeLessThan(10);
  const { run: capacity } = await report('capacity');
  expect(capacity.headline[0]).toMatchObject({ label: 'Full first', value: `${Math.round(days)} days`, note: 'metrics-1 /data' });
  // web-2 ran hot for five hours in the night to Tuesday.
  expect(valueOf(await report('anomaly-week'), 'The strangest')).toBe('web-2');
  expect(valueOf(await report('vm-biography', ['vm=batch-1']), 'Busiest hour')).toMatch(/^0[123]:00$/u);
  expect(valueOf(await report('capacity', ['cluster=kvm-2']), 'Full first')).toBe('nothing');
  const review = await report('incident-review', ['incident=INC-1']);
  expect([valueOf(review, 'INC-1'), valueOf(review, 'Lasted'), valueOf(review, 'Taken after')]).toEqual([
    'warning',
    '4 h 50 min',
    '11 min',
  ]);
  await expect(report('capacity', ['cluster=nowhere'])).rejects.toThrow("no host whose name has 'nowhere'");
});

it('has cells whose types hold, with the actions as they are declared', { timeout: 90_000 }, async () => {
  // Below the project, so that `novacron/notebook` is found; removed whatever happens.
  const checked = await mkdtemp(join(import.meta.dirname, 'checked-'));
  try {
    await mkdir(checked, { recursive: true });
    for (const name of NOTEBOOKS) {
      const { cells } = parseNotebook(await readFile(join(projectDir, 'notebooks', `${name}.ipynb`), 'utf8'), name);
      await writeFile(
        join(checked, `${name}.ts`),
        cells
          .filter((cell) => cell.cell_type === 'code')
          .map(({ source }) => source)
          .join('\n'),
      );
    }
    const files = ['*.ts', '../../../notebooks/globals.d.ts'];
    await writeFile(join(checked, 'tsconfig.json'), JSON.stringify({ extends: '../../../tsconfig.json', include: files, exclude: [] }));
    const { stdout } = await run(process.execPath, [join(projectDir, 'node_modules/typescript/bin/tsc'), '-p', checked]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  } finally {
    await rm(checked, { recursive: true, force: true });
  }
});
