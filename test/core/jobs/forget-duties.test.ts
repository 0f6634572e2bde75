import { sql, type Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { JobStore } from '../../../core/jobs/store.ts';
import { forgetDuties, GONE_MS, PRESENCE } from '../../../core/jobs/take-over.ts';
import { claimDuties } from '../../../core/duties/store.ts';
import type { DutyTables } from '../../../core/duties/tables.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

const HOUR_MS = 3_600_000;

async function have(test: TestState, duty: string, agoMs: number): Promise<void> {
  await sql`insert into core.duty (name, hub, holder, until, term)
    values (${duty}, 'h', 'p', clock_timestamp() - ${agoMs} * interval '1 millisecond', nextval('core.duty_term'))`.execute(test.state.db);
}
const names = async (test: TestState): Promise<string[]> =>
  (await sql<{ name: string }>`select name from core.duty order by name`.execute(test.state.db)).rows.map(({ name }) => name);

const openJob = (test: TestState, executor: string) =>
  new JobStore(test.state.db).reserve({
    id: crypto.randomUUID(),
    action: 'walk.go',
    plugin: 'walk',
    title: 'Go',
    actor: { kind: 'person', id: 'a', name: 'a', role: 'admin', tenant: 'default' },
    actorId: 'a',
    via: 'hub',
    callKey: executor,
    input: {},
    target: null,
    targetKind: null,
    targetId: null,
    tenant: null,
    queueKey: null,
    confirmedBy: null,
    executor,
    createdAt: new Date(0),
  });

describe('duties that nobody has had for a day', () => {
  it('are removed; those that are had, were had lately, or lead to open jobs stay', async () => {
    await using test = await openTestState();
    await have(test, `${PRESENCE}/never-back`, GONE_MS + HOUR_MS);
    await have(test, 'gone-plugin/look', GONE_MS + HOUR_MS);
    await have(test, `${PRESENCE}/left-a-job`, GONE_MS + HOUR_MS);
    await have(test, `${PRESENCE}/for-lunch`, GONE_MS - HOUR_MS);
    await have(test, `${PRESENCE}/here`, -HOUR_MS);
    await openJob(test, 'left-a-job');
    expect(await forgetDuties(test.state.db, GONE_MS)).toBe(2);
    expect(await names(test)).toEqual([`${PRESENCE}/for-lunch`, `${PRESENCE}/here`, `${PRESENCE}/left-a-job`]);
    expect(await forgetDuties(test.state.db, GONE_MS)).toBe(0);
  });

  it('never come again with the number of an earlier term, so that no old fence opens', async () => {
    await using test = await openTestState();
    const claim = async (process: string) =>
      (await claimDuties(test.state.db, { hub: process, process }, { names: ['a/look'], leaseMs: -2 * GONE_MS, first: [] })).get('a/look');
    const terms = [await claim('one'), await claim('two')];
    expect(await forgetDuties(test.state.db, GONE_MS)).toBe(1);
    terms.push(await claim('one'));
    expect(new Set(terms.map(Number)).size).toBe(3);
    expect(Number(terms[2])).toBeGreaterThan(Number(terms[1]));
  });

  it('are left alone while somebody takes them', async () => {
    await using test = await openTestState();
    await have(test, 'a/look', GONE_MS + HOUR_MS);
    const db: Kysely<DutyTables> = test.state.db.withTables();
    await db.transaction().execute(async (tx) => {
      await claimDuties(tx, { hub: 'h2', process: 'p2' }, { names: ['a/look'], leaseMs: 10_000, first: [] });
      expect(await forgetDuties(test.state.db, GONE_MS)).toBe(0);
    });
    expect(await names(test)).toEqual(['a/look']);
  });
});
