import { describe, expect, it } from 'vitest';
import type { Actor, EventGap, EventTypes, HubEvent, Role } from '../../../core/contract.ts';
import { createEvents } from '../../../core/events/events.ts';
import { createTestClock } from '../../kit/clock.ts';
import { codeOf, take, until } from '../../kit/collect.ts';
import { quietLog } from '../../kit/postgres.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

const actor = (role: Role, tenant: string): Actor => ({ id: `${role}-${tenant}`, name: role, kind: 'person', role, tenant });
const changed = (name: string): EventTypes['resource.changed'] => ({ kind: 'vm', id: name, name, change: 'changed' });
const nameOf = (item: HubEvent | EventGap): string =>
  'data' in item ? ('name' in item.data ? item.data.name : item.type) : `gap ${item.missed}`;

async function openEvents(test: TestState, retainRowsMax = 100_000) {
  const events = await createEvents({ state: test.state, clock: createTestClock(), log: quietLog, retainRowsMax });
  return { events, [Symbol.asyncDispose]: () => events.close() };
}

type Opened = Awaited<ReturnType<typeof openEvents>>['events'];

const publish = (events: Opened, name: string, tenant: string | null = null) => events.publish('resource.changed', tenant, changed(name));

/** Follows in the background; `seen` grows. */
function follow(events: Opened, options: Partial<Parameters<Opened['subscribe']>[0]> = {}) {
  const stop = new AbortController();
  const seen: string[] = [];
  const cursors: number[] = [];
  const stream = events.subscribe({ actor: null, signal: stop.signal, ...options });
  const ended = (async () => {
    for await (const item of stream) {
      seen.push(nameOf(item));
      cursors.push(item.cursor);
    }
  })();
  return { seen, cursors, stop: () => stop.abort(), ended };
}

describe('events', () => {
  it('are not shown to other tenants, neither live nor later', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const { events } = opened;
    const readers = [
      follow(events, { actor: actor('viewer', 'a') }),
      follow(events, { actor: actor('tenant-admin', 'b') }),
      follow(events, { actor: actor('admin', 'c') }),
      follow(events),
    ];
    await publish(events, 'of-a', 'a');
    await publish(events, 'of-b', 'b');
    await publish(events, 'of-all');
    const late = [follow(events, { actor: actor('operator', 'a'), after: 0 }), follow(events, { actor: actor('admin', 'a'), after: 0 })];
    await until('all have seen the last', () => [...readers, ...late].every(({ seen }) => seen.includes('of-all')));
    const all = ['of-a', 'of-b', 'of-all'];
    expect(readers.map(({ seen }) => seen)).toEqual([['of-a', 'of-all'], ['of-b', 'of-all'], all, all]);
    expect(late.map(({ seen }) => seen)).toEqual([['of-a', 'of-all'], all]);
  });

  it('come as a gap when they are no longer kept', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test, 10);
    const { events } = opened;
    for (let n = 1; n <= 50; n += 1) await publish(events, `e${n}`);
    await until(
      'the old ones are gone',
      async () => (await test.database.query<{ n: number }>('select count(*)::int as n from core.event'))[0]?.n === 10,
    );
    const reader = follow(events, { after: 5 });
    await until('it has the last', () => reader.seen.includes('e50'));
    expect(reader.seen).toEqual(['gap null', ...Array.from({ length: 10 }, (_, index) => `e${41 + index}`)]);
    expect(reader.cursors[0]).toBe(40);
  });

  it('come as a gap when the cursor is of another, longer history', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    await publish(opened.events, 'first');
    const reader = follow(opened.events, { after: 999 });
    await until('it was told', () => reader.seen.length > 0);
    await publish(opened.events, 'second');
    await until('it goes on', () => reader.seen.includes('second'));
    expect(reader.seen).toEqual(['gap null', 'second']);
  });

  it('are dropped for a slow reader, who is told how many', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const { events } = opened;
    const stop = new AbortController();
    const slow = events.subscribe({ actor: null, signal: stop.signal, bufferMax: 10 });
    await Promise.all(Array.from({ length: 100 }, (_, n) => publish(events, `e${n + 1}`)));
    const quick = follow(events, { after: 99 });
    await until('all was given out', () => quick.seen.includes('e100'));
    const taken = await take(slow, 11);
    expect(taken.map(nameOf)).toEqual(['gap 90', ...Array.from({ length: 10 }, (_, index) => `e${91 + index}`)]);
    expect(taken[0]?.cursor).toBe(90);
    stop.abort();
  });

  it('are refused when they are too big', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    expect(await codeOf(publish(opened.events, 'x'.repeat(1_100_000)))).toBe('event_too_big');
  });

  it('are not lost without a word when PostgreSQL is away: the publisher is told', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const results = Array.from({ length: 50 }, (_, n) =>
      publish(opened.events, `e${n}`).then(
        () => `e${n}`,
        () => undefined,
      ),
    );
    await test.database.dropConnections();
    const kept = (await Promise.all(results)).filter((name) => name !== undefined);
    const reader = follow(opened.events, { after: 0 });
    await until('it answers', () =>
      publish(opened.events, 'last').then(
        () => true,
        () => false,
      ),
    );
    await until('the reader has it', () => reader.seen.includes('last'));
    expect(kept.filter((name) => !reader.seen.includes(name))).toEqual([]);
  });

  it('are resumed after any cursor without a hole or a double, while more are published', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const { events } = opened;
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => publish(events, `e${n + 1}`)));
    const readers = [0, 1, 499, 500, 501, 1_199].map((after) => ({ after, ...follow(events, { after, bufferMax: 5_000 }) }));
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => publish(events, `f${n + 1}`)));
    await until('all have the last', () => readers.every(({ seen }) => seen.includes('f1200')));
    for (const { after, cursors } of readers)
      expect(cursors).toEqual(Array.from({ length: 2_400 - after }, (_, index) => after + 1 + index));
  });

  it('are the same in the same order for readers of two hubs that both publish', async () => {
    await using test = await openTestState();
    const other = await test.another();
    await using first = await openEvents(test);
    await using second = await openEvents({ ...test, state: other.state });
    const readers = [follow(first.events, { bufferMax: 5_000 }), follow(second.events, { bufferMax: 5_000 })];
    const many = (events: Opened, label: string) =>
      Promise.all(
        Array.from({ length: 10 }, async (_, stream) => {
          for (let n = 0; n < 40; n += 1) await publish(events, `${label}${stream}.${n}`);
        }),
      );
    await Promise.all([many(first.events, 'a'), many(second.events, 'b')]);
    await until('both have all', () => readers.every(({ seen }) => seen.length === 800));
    expect(readers[0]?.seen).toEqual(readers[1]?.seen);
    for (const { cursors } of readers) expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
  });

  it('of another hub come after its notifications were lost with the connection', async () => {
    await using test = await openTestState();
    const other = await test.another();
    await using first = await openEvents(test);
    await using second = await openEvents({ ...test, state: other.state });
    const reader = follow(second.events);
    await test.database.dropConnections();
    await until('it is published', () =>
      publish(first.events, 'hello').then(
        () => true,
        () => false,
      ),
    );
    await until('it is seen', () => reader.seen.includes('hello'));
    expect(reader.cursors).toEqual(reader.cursors.toSorted((a, b) => a - b));
  });

  it('go over holes that a rolled back transaction left in the cursors', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const reader = follow(opened.events);
    await test.database.query(`select nextval('core.event_cursor_seq')`);
    await publish(opened.events, 'after the hole');
    await until('it is seen', () => reader.seen.length === 1);
    expect(reader.cursors).toEqual([2]);
  });

  it('come at once, each one, however the publishers meet the reader', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const stop = new AbortController();
    const stream = opened.events.subscribe({ actor: null, signal: stop.signal })[Symbol.asyncIterator]();
    for (let n = 0; n < 150; n += 1) {
      const [, , one, two] = await Promise.all([publish(opened.events, 'a'), publish(opened.events, 'b'), stream.next(), stream.next()]);
      expect([one.done, two.done]).toEqual([false, false]);
    }
    stop.abort();
  });

  it('are filtered by type', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const readers = [
      follow(opened.events, { types: ['plugin.changed'] }),
      follow(opened.events, { types: ['plugin.changed'], after: 0 }),
      follow(opened.events, { types: [] }),
    ];
    await publish(opened.events, 'vm');
    await opened.events.publish('plugin.changed', null, { plugin: 'p', state: 'started', reason: null });
    await until('two have seen it', () => readers.slice(0, 2).every(({ seen }) => seen.length === 1));
    expect(readers.map(({ seen }) => seen)).toEqual([['plugin.changed'], ['plugin.changed'], []]);
  });

  it('end when the reader stops, and for all readers when the hub does', async () => {
    await using test = await openTestState();
    const opened = await openEvents(test);
    const [one, two] = [follow(opened.events), follow(opened.events, { after: 0 })];
    one.stop();
    await one.ended;
    await opened.events.close();
    await two.ended;
    expect([one.seen, two.seen]).toEqual([[], []]);
  });

  it('seen live begin with the call, not with the first read', async () => {
    await using test = await openTestState();
    await using opened = await openEvents(test);
    const stop = new AbortController();
    const stream = opened.events.subscribe({ actor: null, signal: stop.signal });
    await publish(opened.events, 'early');
    expect((await take(stream, 1)).map(nameOf)).toEqual(['early']);
    stop.abort();
  });
});
