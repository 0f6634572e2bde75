import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../kit/collect.ts';
import { openTestState, type TestState } from '../../../kit/state.ts';

const CHILD = fileURLToPath(new URL('./duty-child.ts', import.meta.url));
const LEASE_MS = 4_000;

class Hub {
  readonly child: ChildProcess;
  judgedAt = -Infinity;
  judged = 0;
  firing = false;
  readonly ready: Promise<void>;

  constructor(databaseUrl: string, dataDir: string) {
    this.child = fork(CHILD, [databaseUrl, dataDir], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=DeprecationWarning'],
    });
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.child.on('message', (said: 'ready' | 'judged' | { readonly firing: boolean }) => {
      if (said === 'ready') ready.resolve();
      else if (typeof said === 'object') this.firing = said.firing;
      else {
        this.judged++;
        this.judgedAt = performance.now();
      }
    });
    this.child.once('exit', () => ready.reject(new Error('The hub ended.')));
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

describe('alert rules of two hubs on one database', () => {
  let test: TestState;
  let hubs: Hub[];

  beforeEach(async () => {
    test = await openTestState();
    const other = await test.another();
    const first = new Hub(test.database.url, test.dataDir);
    hubs = [first, new Hub(test.database.url, other.dataDir)];
    await Promise.all(hubs.map(({ ready }) => ready));
    await until('one of them judges', () => hubs.some(({ judged }) => judged > 2), 20_000);
  }, 40_000);
  afterEach(async () => {
    await Promise.all(hubs.map((hub) => hub.kill()));
    await test[Symbol.asyncDispose]();
  });

  const inOrder = (): [Hub, Hub] => {
    const [a, b] = hubs as [Hub, Hub];
    return a.judged > 0 ? [a, b] : [b, a];
  };
  const incidents = (): Promise<{ readonly state: string; readonly flips: number }[]> =>
    test.database.query(
      `select "record"->>'state' as "state", jsonb_array_length("record"->'signals'->0->'flips') as "flips" from plugin_monitoring.incident order by "number"`,
    );

  it('are judged by one, and by the other within the time of a lease when that one is killed; what fired goes on', async () => {
    const [one, other] = inOrder();
    await until('it fires, and both know', () => one.firing && other.firing);
    expect(other.judged).toBe(0);
    await one.kill();
    const killedAt = performance.now();
    await until('the other judges', () => other.judged > 0);
    expect(performance.now() - killedAt).toBeLessThan(LEASE_MS * 2);
    await until('it has looked some more', () => other.judged > 3);
    expect(await incidents()).toEqual([{ state: 'open', flips: 1 }]);
    other.child.send('good');
    await until('it is over', async () => (await incidents())[0]?.state === 'resolved');
  }, 40_000);

  it('are left alone by one that was held up for longer than its lease, from its first moment on', async () => {
    const [one, other] = inOrder();
    await until('it fires', () => one.firing);
    one.child.kill('SIGSTOP');
    await until('the other judges', () => other.judged > 0);
    other.child.send('good');
    await until('the other says that it is over', async () => (await incidents())[0]?.state === 'resolved');
    // It would find that it is still bad, if it looked.
    const before = one.judged;
    one.child.kill('SIGCONT');
    await until('it knows what the other has found', () => !one.firing);
    await sleep(LEASE_MS);
    expect(one.judged).toBe(before);
    expect(other.judgedAt).toBeGreaterThan(performance.now() - LEASE_MS);
    expect(await incidents()).toEqual([{ state: 'resolved', flips: 1 }]);
  }, 40_000);
});
