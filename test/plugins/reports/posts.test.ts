import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../kit/collect.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

const CHILD = fileURLToPath(new URL('./posts-child.ts', import.meta.url));

interface Post {
  readonly is: 'post';
  readonly id: string;
  readonly to: string;
  readonly attempt: number;
  readonly text: string;
}

describe('the end of a report that is to be posted', () => {
  let test: TestState;
  let folder: string;
  let child: ChildProcess | undefined;
  let posts: Post[];

  beforeEach(async () => {
    test = await openTestState();
    folder = await mkdtemp(join(tmpdir(), 'novacron-posts-'));
    const cell = { id: '1', metadata: {}, outputs: [], execution_count: null, cell_type: 'code' };
    const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ ...cell, source: ['1 + 1'] }] };
    await writeFile(join(folder, 'sum.ipynb'), JSON.stringify(notebook));
    await writeFile(join(folder, 'wrong.ipynb'), JSON.stringify({ ...notebook, cells: [{ ...cell, source: ['nothing.at.all'] }] }));
    posts = [];
  });
  afterEach(async () => {
    await kill();
    await test[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(chat: 'none' | 'deaf' | 'well'): Promise<ChildProcess> {
    const args = [test.database.url, test.dataDir, folder, chat];
    const started = fork(CHILD, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=DeprecationWarning'],
    });
    child = started;
    const ready = Promise.withResolvers<void>();
    started.on('message', (said: Post | { readonly is: 'ready' }) => (said.is === 'ready' ? ready.resolve() : void posts.push(said)));
    started.once('exit', () => ready.reject(new Error('The hub ended.')));
    await ready.promise;
    return started;
  }
  async function kill(): Promise<void> {
    const killed = child;
    child = undefined;
    if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return;
    const exited = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exited;
  }
  const runs = (): Promise<{ readonly state: string; readonly startedAt: number; readonly post: string | null }[]> =>
    test.database
      .query(
        'select run.state, run."startedAt", post.state as post from plugin_reports.run left join plugin_reports.post on post.run = run.id',
      )
      .catch(() => []) as never;
  const openJobs = async (): Promise<number> => (await test.database.query('select 1 from core.job where "endedAt" is null')).length;

  it('is posted after the next start when the hub is killed right after it, and the report is not made again', async () => {
    const first = await start('none');
    first.send('sum');
    await until('the run has ended', async () => (await runs())[0]?.state === 'succeeded', 20_000);
    await kill();
    const before = await runs();
    expect(before).toMatchObject([{ post: 'waiting' }]);
    await start('well');
    await until('it is posted', () => posts.length > 0);
    await until('the job has ended as well', async () => (await openJobs()) === 0);
    expect(posts).toMatchObject([{ to: '#ops', attempt: 1 }]);
    expect(posts[0]?.text).toContain('sum: done');
    await until('that is known', async () => (await runs())[0]?.post === 'taken');
    expect(await runs()).toEqual([{ ...before[0], post: 'taken' }]);
  }, 60_000);

  it('is told under the same id after a kill in the middle of the telling, and no more once it was taken', async () => {
    const first = await start('deaf');
    first.send('wrong');
    await until('it is being told', () => posts.length === 1, 20_000);
    await kill();
    await start('well');
    await until('it is told again', () => posts.length === 2);
    await until('that is known', async () => (await runs())[0]?.post === 'taken');
    expect(posts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(new Set(posts.map(({ id }) => id)).size).toBe(1);
    expect(posts[1]?.text).toMatch(/^wrong failed\. .*report show wrong$/s);
    await kill();
    await start('well');
    await sleep(1_000);
    expect(posts).toHaveLength(2);
  }, 60_000);
});
