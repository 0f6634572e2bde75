import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openState } from '../../../core/state/state.ts';
import { codeOf, until } from '../../kit/collect.ts';
import { quietLog } from '../../kit/postgres.ts';
import { openTestState } from '../../kit/state.ts';

describe('the state', () => {
  it('says that PostgreSQL is away when nothing listens', async () => {
    const options = { dataDir: '/nonexistent', log: quietLog, signal: new AbortController().signal };
    const free = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
    const opening = openState({ ...options, databaseUrl: `postgresql://nobody@127.0.0.1:${free}/none` });
    await expect(opening).rejects.toMatchObject({ code: 'state_unavailable', status: 503, retryable: true });
  });

  it('fails what is under way when its connections are cut, and goes on afterwards', async () => {
    await using test = await openTestState();
    const database = await test.state.pluginDatabase('a');
    await test.state.migratePlugin('a', { '1': 'create table t (n int)' });
    const cut = database.transaction(async (tx) => {
      await tx.sql`insert into t values (1)`;
      await test.database.dropConnections();
      await tx.sql`insert into t values (2)`;
    });
    expect(await codeOf(cut)).toBe('state_unavailable');
    await until('it answers', async () =>
      test.state.ping().then(
        () => true,
        () => false,
      ),
    );
    expect(await database.sql`select * from t`).toEqual([]);
  });

  it('survives idle connections that are cut', async () => {
    await using test = await openTestState();
    await Promise.all(Array.from({ length: 8 }, () => test.state.ping()));
    await test.database.dropConnections();
    await until('it answers', async () =>
      test.state.ping().then(
        () => true,
        () => false,
      ),
    );
    expect(await Promise.allSettled(Array.from({ length: 8 }, () => test.state.ping()))).toEqual(
      Array.from({ length: 8 }, () => ({ status: 'fulfilled', value: undefined })),
    );
  });

  it('ends a statement that takes too long', async () => {
    await using test = await openTestState({ statementTimeoutMs: 200 });
    const database = await test.state.pluginDatabase('a');
    expect(await codeOf(database.sql`select pg_sleep(5)`)).toBe('state_timeout');
    await test.state.ping();
  });

  it('lets callers wait their turn for a connection', async () => {
    await using test = await openTestState({ connectionsMax: 2 });
    const database = await test.state.pluginDatabase('a');
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => database.sql<{ n: number }>`select ${index}::int as n`));
    expect(results.map(([row]) => row?.n)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('carries notifications to every hub on the database, and to nobody who has left', async () => {
    await using test = await openTestState();
    const { state: other } = await test.another();
    const heard: string[] = [];
    const leave = await other.listen('news', (payload) => void heard.push(`other ${payload}`));
    await test.state.listen('news', (payload) => void heard.push(`own ${payload}`));
    await test.state.notify('news', 'a');
    await until('both have heard', () => heard.length === 2);
    expect(heard.toSorted()).toEqual(['other a', 'own a']);
    await leave();
    await test.state.notify('news', 'b');
    await until('one has heard', () => heard.includes('own b'));
    expect(heard).not.toContain('other b');
  });

  it('tells listeners that they may have missed something when the connection was lost', async () => {
    await using test = await openTestState();
    const heard: string[] = [];
    await test.state.listen('news', (payload) => void heard.push(payload));
    await test.database.dropConnections();
    await until('it is back', () => heard.includes(''));
    await test.state.notify('news', 'again');
    await until('it hears', () => heard.includes('again'));
    expect(heard).toEqual(['', 'again']);
  });

  it('refuses a notification that PostgreSQL would refuse, and channel names that are no names', async () => {
    await using test = await openTestState();
    expect(await codeOf(test.state.notify('news', 'x'.repeat(8_000)))).toBe('state_payload_too_long');
    expect(await codeOf(test.state.notify('news"; drop schema core', 'x'))).toBe('state_channel_invalid');
    expect(await codeOf(test.state.listen('News', () => undefined))).toBe('state_channel_invalid');
  });

  it('gives bigints as numbers', async () => {
    await using test = await openTestState();
    const database = await test.state.pluginDatabase('a');
    expect(await database.sql`select ${Number.MAX_SAFE_INTEGER}::bigint as n`).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
  });
});
