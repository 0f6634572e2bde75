import { setImmediate as breathe } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { policy } from './model-policy.ts';
import { createMemoryStore } from './memory-store.ts';
import { World } from './model-world.ts';

/** More with NOVACRON_MODEL_WEEKS; a single run is repeated with NOVACRON_MODEL_SEED. */
const WEEKS = Number(process.env['NOVACRON_MODEL_WEEKS'] ?? 2_000);
const FIRST_SEED = Number(process.env['NOVACRON_MODEL_SEED'] ?? 1);
const WEEKS_EACH = 4;

const { editEveryMs } = policy;

it(
  `over ${WEEKS} weeks of faults, restarts and clock jumps no step is skipped or doubled, all are told in time, the silenced are not, and all ends`,
  async () => {
    const sums: Record<string, number> = {};
    for (let seed = FIRST_SEED; seed < FIRST_SEED + WEEKS / WEEKS_EACH; seed++) {
      const world = new World({ seed, weeks: WEEKS_EACH, store: (onCommit) => createMemoryStore({ editEveryMs, onCommit }) });
      const problems = await world.run(WEEKS_EACH);
      expect(problems, `seed ${seed}`).toEqual([]);
      // The time limits of deliveries are timers: they go only when the loop turns.
      await breathe();
      for (const [name, count] of Object.entries(world.counts)) sums[name] = (sums[name] ?? 0) + count;
    }
    // The faults that this is about have really happened.
    for (const count of Object.values(sums)) expect(count).toBeGreaterThan(WEEKS / 20);
    if (process.env['NOVACRON_MODEL_WEEKS'] !== undefined) console.log(JSON.stringify(sums));
  },
  600_000 + 60 * WEEKS,
);
