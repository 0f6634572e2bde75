import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coreMigrations } from '../../../core/state/migrations.ts';
import { pluginSchema } from '../../../core/state/plugin-database.ts';
import { codeOf } from '../../kit/collect.ts';
import { openTestState } from '../../kit/state.ts';

describe('migrations of a plugin', () => {
  it('leave nothing behind when one fails, and say which', async () => {
    await using test = await openTestState();
    const bad = { '1-good': 'create table a (n int)', '2-bad': 'create table b (n int); select nonsense' };
    await expect(test.state.migratePlugin('p', bad)).rejects.toMatchObject({
      code: 'state_migration_failed',
      message: expect.stringContaining('2-bad') as string,
    });
    expect(await test.database.query(`select tablename from pg_tables where schemaname = 'plugin_p'`)).toEqual([{ tablename: 'a' }]);
    await test.state.migratePlugin('p', { ...bad, '2-bad': 'create table b (n int)' });
  });

  it('are refused when applied SQL was changed', async () => {
    await using test = await openTestState();
    await test.state.migratePlugin('p', { '1': 'create table a (n int)' });
    expect(await codeOf(test.state.migratePlugin('p', { '1': 'create table a (n text)' }))).toBe('state_migration_changed');
  });

  it('are refused when a newer version has been here', async () => {
    await using test = await openTestState();
    await test.state.migratePlugin('p', { '1': 'select 1', '2': 'select 2' });
    expect(await codeOf(test.state.migratePlugin('p', { '1': 'select 1' }))).toBe('state_newer');
  });

  it('run once each in the order of their names, also when hubs start at once', async () => {
    await using test = await openTestState();
    const states = [test.state, (await test.another()).state, (await test.another()).state];
    const migrations = {
      '2': `insert into log values ('two')`,
      '1': 'create table log (what text)',
      '3': `insert into log values ('three')`,
    };
    await Promise.all(states.map((state) => state.migratePlugin('p', migrations)));
    const database = await test.state.pluginDatabase('p');
    expect(await database.sql`select what from log`).toEqual([{ what: 'two' }, { what: 'three' }]);
  });

  it('refuse plugin names that are more than names', async () => {
    await using test = await openTestState();
    const names = ['', 'A', 'a_b', 'a b', 'a"; drop schema core cascade; --', '-a', 'a-', '1a', 'a'.repeat(49), 'a\0', 'ä'];
    for (const name of names) {
      expect(await codeOf(test.state.migratePlugin(name, {}))).toBe('plugin_name_invalid');
      expect(await codeOf(test.state.pluginDatabase(name))).toBe('plugin_name_invalid');
    }
  });

  it('give each plugin name a schema of its own', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,3}$/);
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(pluginSchema(a)).toMatch(/^plugin_[a-z0-9_]+$/);
        expect(pluginSchema(a) === pluginSchema(b)).toBe(a === b);
      }),
    );
  });
});

describe('migrations of the core', () => {
  it('make all tables in an empty database once, though three hubs start at once', async () => {
    await using test = await openTestState({ bare: true });
    await test.database.query('drop schema core cascade');
    const hubs = await Promise.all([test.another(), test.another(), test.another()]);
    await Promise.all(hubs.map(({ state }) => state.ping()));
    const names = (
      await test.database.query<{ name: string }>(`select name from core.migration where schema = 'core' order by "appliedAt"`)
    ).map(({ name }) => name);
    expect(names.toSorted()).toEqual(coreMigrations.map(({ name }) => name).toSorted());
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the database of a plugin', () => {
  it('binds values, whatever they hold', async () => {
    await using test = await openTestState();
    const database = await test.state.pluginDatabase('p');
    await test.state.migratePlugin('p', { '1': 'create table t (v text)' });
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed()),
        async (text) => {
          const [row] = await database.sql<{ v: string }>`select ${text}::text as v`;
          return row?.v === text;
        },
      ),
      { numRuns: 25 },
    );
    await database.sql`insert into t values (${`'); drop table t; --`})`;
    expect(await database.sql`select v from t`).toEqual([{ v: `'); drop table t; --` }]);
  });

  it('sees neither the tables of other plugins nor those of the core', async () => {
    await using test = await openTestState({ connectionsMax: 1 });
    await test.state.migratePlugin('p', { '1': 'create table mine (n int)' });
    await test.state.migratePlugin('q', { '1': 'create table theirs (n int)' });
    const [p, q] = [await test.state.pluginDatabase('p'), await test.state.pluginDatabase('q')];
    await p.sql`select * from mine`;
    expect(await codeOf(p.sql`select * from theirs`)).toBe('42P01');
    expect(await codeOf(q.sql`select * from mine`)).toBe('42P01');
    expect(await codeOf(q.sql`select * from audit`)).toBe('42P01');
    await q.sql`select * from theirs`;
  });

  it('rolls a transaction back when it throws, and only the inner part of one in another', async () => {
    await using test = await openTestState();
    await test.state.migratePlugin('p', { '1': 'create table t (n int)' });
    const database = await test.state.pluginDatabase('p');
    await expect(
      database.transaction(async (tx) => {
        await tx.sql`insert into t values (1)`;
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await database.transaction(async (tx) => {
      await tx.sql`insert into t values (2)`;
      await tx.transaction(async (inner) => void (await inner.sql`insert into t values (3)`));
      await expect(
        tx.transaction(async (inner) => {
          await inner.sql`insert into t values (4)`;
          await inner.sql`insert into t values (${'no number'})`;
        }),
      ).rejects.toThrow(/invalid input syntax/);
      await tx.sql`insert into t values (5)`;
    });
    expect(await database.sql`select n from t order by n`).toEqual([{ n: 2 }, { n: 3 }, { n: 5 }]);
  });
});
