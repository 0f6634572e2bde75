import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../kit/collect.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

const CHILD = fileURLToPath(new URL('./take-over-child.ts', import.meta.url));
const WAIT_MS = 30_000;

/** What the steps write when A is gone in its second one. */
const HANDED_OVER = [
  'A begins one',
  'A has done one',
  'A begins two',
  'B begins two',
  'B has done two',
  'B begins three',
  'B has done three',
];

describe('the open job of one of two hubs', () => {
  let test: TestState;
  let folder: string;
  let file: string;
  let dataDirs: Record<string, string>;
  const hubs: ChildProcess[] = [];

  beforeEach(async () => {
    test = await openTestState();
    folder = await mkdtemp(join(tmpdir(), 'novacron-take-over-'));
    file = join(folder, 'done');
    dataDirs = { A: test.dataDir, B: (await test.another()).dataDir };
  });
  afterEach(async () => {
    await Promise.all(hubs.splice(0).map(kill));
    await test[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(name: 'A' | 'B'): Promise<ChildProcess> {
    const args = [test.database.url, dataDirs[name] ?? '', file, name];
    const hub = fork(CHILD, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--disable-warning=DeprecationWarning'] });
    hubs.push(hub);
    await once(hub, 'message');
    return hub;
  }
  async function kill(hub: ChildProcess): Promise<void> {
    if (hub.exitCode !== null || hub.signalCode !== null) return;
    const exited = once(hub, 'exit');
    hub.kill('SIGKILL');
    await exited;
  }
  async function ask(hub: ChildProcess, asked: object): Promise<unknown> {
    hub.send(asked);
    const [said] = (await once(hub, 'message')) as [{ readonly answered: unknown }];
    return said.answered;
  }
  const lines = async (): Promise<string[]> => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const has = (line: string) => async (): Promise<boolean> => (await lines()).includes(line);
  const job = async () => (await test.database.query<{ stateIs: string; state: object }>('select "stateIs", state from core.job'))[0];
  const audited = async (): Promise<string[]> =>
    (await test.database.query<{ event: string }>(`select event from core.audit where action = 'walk.go' order by seq`)).map(
      ({ event }) => event,
    );

  it('is finished by the other when that one is killed, from its last recorded step on; back again, the first leaves it alone', async () => {
    const [first, other] = [await start('A'), await start('B')];
    await ask(first, { is: 'go', pauseMs: 6_000 });
    await until('it is in its second step', has('A begins two'));
    await kill(first);
    const killedAt = performance.now();
    await until('the other goes on', has('B begins two'), WAIT_MS);
    expect(performance.now() - killedAt).toBeLessThan(20_000);
    const again = await start('A');
    await until('it has ended', async () => (await job())?.stateIs === 'succeeded', WAIT_MS);
    await sleep(6_000);
    expect(await lines()).toEqual(HANDED_OVER);
    expect((await job())?.state).toMatchObject({ output: { by: 'B' } });
    expect(await audited()).toEqual(['started', 'succeeded']);
    expect(await ask(other, { is: 'verify' })).toMatchObject({ ok: true });
    await ask(again, { is: 'go', pauseMs: 10 });
    await until('new ones go well', async () => (await lines()).filter((line) => line === 'A has done three').length === 1);
  }, 90_000);

  it('is gone for a hub that was held up too long: it begins no further step, and takes nothing back', async () => {
    const [first, other] = [await start('A'), await start('B')];
    await ask(first, { is: 'go', pauseMs: 1_000 });
    await until('it is in its second step', has('A begins two'));
    first.kill('SIGSTOP');
    await until('the other has finished it', async () => (await job())?.stateIs === 'succeeded', WAIT_MS);
    first.kill('SIGCONT');
    await sleep(8_000);
    // The step that was under way could not know.
    const after = (await lines()).filter((line) => line !== 'A has done two');
    expect(after).toEqual(HANDED_OVER);
    expect(await audited()).toEqual(['started', 'succeeded']);
    expect(await ask(first, { is: 'verify' })).toMatchObject({ ok: true });
    await ask(first, { is: 'go', pauseMs: 10 });
    await until('new ones go well there', has('A has done three'));
    expect(other.exitCode).toBeNull();
  }, 90_000);

  it('is let go of by a hub that comes back while the other does it: what runs of it there ends before it is done', async () => {
    const [first] = [await start('A'), await start('B')];
    await ask(first, { is: 'go', pauseMs: 12_000 });
    await until('it is in its second step', has('A begins two'));
    first.kill('SIGSTOP');
    await until('the other goes on', has('B begins two'), WAIT_MS);
    first.kill('SIGCONT');
    await until('the other has finished it', async () => (await job())?.stateIs === 'succeeded', WAIT_MS);
    expect(await lines()).toEqual(HANDED_OVER);
    expect(await audited()).toEqual(['started', 'succeeded']);
    await ask(first, { is: 'go', pauseMs: 10 });
    await until('new ones go well there', has('A has done three'));
  }, 90_000);

  it('is cancelled at the other as well', async () => {
    const [first, other] = [await start('A'), await start('B')];
    const id = await ask(first, { is: 'go', pauseMs: 30_000 });
    await until('it is in its second step', has('A begins two'));
    await ask(other, { is: 'cancel', id });
    await until('it is taken back', async () => (await job())?.stateIs === 'undone', WAIT_MS);
    expect(await lines()).toEqual(['A begins one', 'A has done one', 'A begins two', 'A takes back two', 'A takes back one']);
  }, 60_000);
});
