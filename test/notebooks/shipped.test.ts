import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../plugins/reports/cli.ts';
import { parseNotebook } from '../../plugins/reports/runner/notebook.ts';
import { pngSize } from '../plugins/charts/pixels.ts';
import type { TestHub } from '../kit/hub.ts';
import { RECORDED_UNTIL } from './fleet.ts';
import { startRecordedHub } from './recorded-hub.ts';

const run = promisify(execFile);
const projectDir = join(import.meta.dirname, '../..');
const NOTEBOOKS = ['anomaly-week', 'capacity', 'forecast-scorecard', 'right-sizing', 'vm-biography'];

let hub: TestHub;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-shipped-'));
  hub = await startRecordedHub();
  await hub.run('recommendation.look', {});
}, 60_000);
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly run: {
    readonly headline: readonly { readonly label: string; readonly value: string }[];
    readonly data: { readonly questions: number };
  };
  readonly view: { readonly pictures: readonly { readonly base64: string; readonly alt: string }[] };
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
      const { run: done, view } = await report(name);
      expect(done.headline.length).toBeGreaterThanOrEqual(3);
      expect(done.data.questions).toBeGreaterThan(2);
      expect(view.pictures).toHaveLength(3);
      for (const { base64, alt } of view.pictures) {
        expect(alt.length).toBeGreaterThan(5);
        expect(pngSize(Buffer.from(base64, 'base64')).width).toBe(1600);
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
    await cp(join(projectDir, 'notebooks', `${name}.ipynb`), join(folder, `${name}.ipynb`));
    await run('jupyter', ['nbconvert', '--to', 'html', '--execute', `${name}.ipynb`], { env, cwd: folder, timeout: 110_000 });
    const html = await readFile(join(folder, `${name}.html`), 'utf8');
    expect(html.match(/data:image\/png;base64,iVBOR/gu)?.length).toBeGreaterThanOrEqual(3);
    expect(html).not.toContain('HubError');
  });
});

it('finds what the recording hides', { timeout: 90_000 }, async () => {
  const valueOf = ({ run: done }: Ran, label: string): string | undefined => done.headline.find((figure) => figure.label === label)?.value;
  // metrics-1 /data stands at 88 % and grows by 1.6 points a day.
  expect(valueOf(await report('capacity'), 'Full first')).toBe('8 days');
  // web-2 ran hot for five hours in the night to Tuesday.
  expect(valueOf(await report('anomaly-week'), 'The strangest')).toBe('web-2');
  expect(valueOf(await report('vm-biography', ['vm=batch-1']), 'Busiest hour')).toBe('02:00');
  expect(valueOf(await report('capacity', ['cluster=kvm-2']), 'Full first')).not.toBe('8 days');
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
