import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from 'novacron/plugin';
import { incidentMigrations } from '../../../../plugins/monitoring/incidents/migrations.ts';
import { createPostgresStore } from '../../../../plugins/monitoring/incidents/postgres-store.ts';
import type { Store } from '../../../../plugins/monitoring/incidents/store.ts';
import { openTestState, type TestState } from '../../../kit/state.ts';
import { policy } from './model-policy.ts';
import { World } from './model-world.ts';

/** More with NOVACRON_MODEL_POSTGRES_WEEKS. */
const WEEKS = Number(process.env['NOVACRON_MODEL_POSTGRES_WEEKS'] ?? 4);
const FIRST_SEED = Number(process.env['NOVACRON_MODEL_SEED'] ?? 1);
const WEEKS_EACH = 2;

let state: TestState;
let database: Database;
beforeAll(async () => {
  state = await openTestState();
  await state.state.migratePlugin('monitoring', incidentMigrations);
  database = await state.state.pluginDatabase('monitoring');
});
afterAll(() => state[Symbol.asyncDispose]());

/** As the one in memory: a crash may come before what was done is kept, or after. */
const withCrashes = (store: Store, onCommit: (when: 'before' | 'after') => void): Store => ({
  ...store,
  async transaction(work) {
    const result = await store.transaction(async (desktop) => {
      const done = await work(desktop);
      onCommit('before');
      return done;
    });
    onCommit('after');
    return result;
  },
});

async function empty(): Promise<void> {
  await database.sql`truncate "incident", "message", "telling", "silence", "oncallOverride", "timeline", "incidentSignal" cascade`;
  await database.sql`update "ledger" set "lookedAt" = 0, "lastNumber" = 0, "lastSilence" = 0`;
}

it(`holds on PostgreSQL too, over ${WEEKS} weeks`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WEEKS / WEEKS_EACH; seed++) {
    await empty();
    const store = createPostgresStore(database, { editEveryMs: policy.editEveryMs });
    const world = new World({ seed, weeks: WEEKS_EACH, store: (onCommit) => withCrashes(store, onCommit) });
    expect(await world.run(WEEKS_EACH), `seed ${seed}`).toEqual([]);
    expect(world.counts.told).toBeGreaterThan(10);
  }
}, 900_000);
