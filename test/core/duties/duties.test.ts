import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Duties, Duty, Log } from '../../../core/contract.ts';
import { createDuties } from '../../../core/duties/duties.ts';
import { createTestClock } from '../../kit/clock.ts';
import { codeOf, until } from '../../kit/collect.ts';
import { quietLog } from '../../kit/postgres.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

/** So long that a machine with much else to do does not lose it by chance. */
const LEASE_MS = 2_000;

/** One hub's duties, with what it was given so far. */
async function startHub(test: TestState, { hub, log = quietLog }: { hub: string; log?: Log }) {
  const { state } = await test.another();
  const clock = createTestClock();
  const roster = createDuties({ state, hub, clock, log, leaseMs: LEASE_MS });
  const stop = new AbortController();
  const held: Duty[] = [];
  const duties: Duties = roster.of('a');
  const keep = (name = 'look'): Promise<void> => {
    const work = async (duty: Duty): Promise<void> => {
      held.push(duty);
      await new Promise((resolve) => duty.signal.addEventListener('abort', resolve, { once: true }));
    };
    return duties.keep(name, work, stop.signal);
  };
  return { state, clock, roster, stop, held, duties, keep, has: () => held.some(({ signal }) => !signal.aborted) };
}

describe('duties', () => {
  it('are done by one of several hubs, and at once by another when that one stops', async () => {
    await using test = await openTestState();
    const hubs = await Promise.all(['one', 'two', 'three'].map((hub) => startHub(test, { hub })));
    const keeping = hubs.map((hub) => hub.keep());
    await until('one has it', () => hubs.some((hub) => hub.has()));
    await sleep(LEASE_MS * 1.5);
    expect(hubs.filter((hub) => hub.has())).toHaveLength(1);
    expect(hubs.flatMap(({ held }) => held)).toHaveLength(1);
    const first = hubs.findIndex((hub) => hub.has());
    hubs[first]?.stop.abort();
    const stoppedAt = performance.now();
    await keeping[first];
    await until('another has it', () => hubs.some((hub) => hub.has()));
    expect(performance.now() - stoppedAt).toBeLessThan(LEASE_MS / 2);
    for (const { stop } of hubs) stop.abort();
    await Promise.all(keeping);
    await Promise.all(hubs.map(({ roster }) => roster.close()));
  });

  it('are taken over when their time is over, and not before', async () => {
    await using test = await openTestState();
    const [dead, other] = [await startHub(test, { hub: 'dead' }), await startHub(test, { hub: 'other' })];
    void dead.keep();
    await until('it has it', () => dead.has());
    const keeping = other.keep();
    // As after kill -9: nothing is said, nothing renewed.
    await dead.roster.close();
    await dead.state.close();
    const diedAt = performance.now();
    await until('the other has it', () => other.has());
    expect(performance.now() - diedAt).toBeGreaterThan(LEASE_MS * 0.6);
    expect(performance.now() - diedAt).toBeLessThan(LEASE_MS * 2);
    other.stop.abort();
    await keeping;
    await other.roster.close();
  });

  it('go on at once when the same hub is started again', async () => {
    await using test = await openTestState();
    const before = await startHub(test, { hub: 'same' });
    void before.keep();
    await until('it has it', () => before.has());
    await before.roster.close();
    const after = await startHub(test, { hub: 'same' });
    const startedAt = performance.now();
    const keeping = after.keep();
    await until('it has it again', () => after.has());
    expect(performance.now() - startedAt).toBeLessThan(LEASE_MS / 2);
    await expect(
      (await after.state.pluginDatabase('a')).transaction((db) => before.held[0]?.fence(db) ?? Promise.resolve()),
    ).rejects.toMatchObject({
      code: 'duty_lost',
    });
    after.stop.abort();
    await keeping;
    await after.roster.close();
  });

  it('are lost to a hub whose clock says that it slept, at its very next look', async () => {
    await using test = await openTestState();
    const hub = await startHub(test, { hub: 'sleeper' });
    const keeping = hub.keep();
    await until('it has it', () => hub.has());
    const [duty] = hub.held;
    duty?.check();
    hub.clock.advance(LEASE_MS);
    expect(() => duty?.check()).toThrow(/another hub/);
    expect(duty?.signal.aborted).toBe(true);
    // Nobody else wanted it, so it has it again.
    await until('it has it again', () => hub.has());
    hub.stop.abort();
    await keeping;
    await hub.roster.close();
  });

  it('hold up whoever would take over until a transaction that has their fence is over', async () => {
    await using test = await openTestState();
    const [slow, other] = [await startHub(test, { hub: 'slow' }), await startHub(test, { hub: 'other' })];
    void slow.keep();
    await until('it has it', () => slow.has());
    await slow.roster.close();
    const database = await slow.state.pluginDatabase('a');
    let isDone = false;
    const keeping = other.keep();
    const writing = database.transaction(async (db) => {
      await slow.held[0]?.fence(db);
      await sleep(LEASE_MS * 1.5);
      isDone = true;
    });
    await until('the other has it', () => {
      expect(other.has() && !isDone).toBe(false);
      return other.has();
    });
    await writing;
    expect(await codeOf(database.transaction((db) => slow.held[0]?.fence(db) ?? Promise.resolve()))).toBe('duty_lost');
    other.stop.abort();
    await keeping;
    await other.roster.close();
  });

  it('of one name go to the same hub, and stay until the last work of it has ended', async () => {
    await using test = await openTestState();
    const [one, two] = [await startHub(test, { hub: 'one' }), await startHub(test, { hub: 'two' })];
    const keeping = [one.keep(), one.keep()];
    await until('both works are begun', () => one.held.length === 2);
    const early = new AbortController();
    const third = one.duties.keep('look', () => Promise.resolve(), early.signal);
    const others = two.keep();
    early.abort();
    await third;
    await sleep(LEASE_MS / 2);
    expect(one.held.every(({ signal }) => !signal.aborted)).toBe(true);
    expect(two.held).toEqual([]);
    for (const { stop } of [one, two]) stop.abort();
    await Promise.all([...keeping, others]);
    await Promise.all([one, two].map(({ roster }) => roster.close()));
  });

  it('rest while the database is away, and go on when it is back', async () => {
    await using test = await openTestState();
    const warnings: string[] = [];
    const log = { ...quietLog, warn: (_: object, message: string) => void warnings.push(message) };
    const hub = await startHub(test, { hub: 'one', log });
    const keeping = hub.keep();
    await until('it has it', () => hub.has());
    await test.database.query('alter table core.duty rename to away');
    await until('it has lost it', () => !hub.has());
    expect(warnings).toHaveLength(1);
    await test.database.query('alter table core.away rename to duty');
    await until('it has it again', () => hub.has());
    hub.stop.abort();
    await keeping;
    await hub.roster.close();
  });
});
