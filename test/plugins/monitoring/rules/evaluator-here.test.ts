import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunningEvaluator } from '../../../../plugins/monitoring/rules/evaluator-calls.ts';
import { isSmall, startEvaluatorHere } from '../../../../plugins/monitoring/rules/evaluator-here.ts';
import { startEvaluatorThread } from '../../../../plugins/monitoring/rules/evaluator-thread.ts';
import type { Change, FlatRule } from '../../../../plugins/monitoring/rules/evaluator.ts';
import type { Row } from '../../../../plugins/monitoring/rules/scopes.ts';

const LIMITS = { gapMs: 120_000, activeMax: 1_000_000 };
const AT = Date.UTC(2026, 0, 5);
const rule = (id: string, edge: number): FlatRule => ({
  id,
  table: 'vm',
  column: 'cpu',
  sign: 1,
  edge,
  resolveAt: edge,
  forMs: 0,
  keepFiringMs: 0,
  scope: null,
  isAge: false,
});
const rowsOf = (count: number): Row[] =>
  Array.from({ length: count }, (_, nth) => ({ key: `vm/${nth}`, name: `vm-${nth}`, device: null, tenant: null, tags: [] }));

const started: RunningEvaluator[] = [];
afterEach(() => Promise.all(started.splice(0).map((one) => one.end())));

async function open(evaluator: RunningEvaluator, { rules, rows }: { rules: readonly FlatRule[]; rows: readonly Row[] }) {
  started.push(evaluator);
  await evaluator.load([], null);
  await evaluator.setRules({ put: rules, drop: [] });
  await evaluator.setTable('vm', rows);
  return evaluator;
}
async function lookAt(evaluator: RunningEvaluator, at: number, values: readonly number[]): Promise<Change[]> {
  await evaluator.look({ at, columns: new Map([['cpu', Float64Array.from(values)]]), repeat: false });
  const changes: Change[] = [];
  for (let part = await evaluator.take(300); part.changes.length > 0; part = await evaluator.take(300)) changes.push(...part.changes);
  return changes;
}

describe('rules judged in the main thread', () => {
  test('find what the thread finds, when much changes and when little does', async () => {
    const fleet = { rules: [rule('half', 0.5), rule('most', 0.9)], rows: rowsOf(700) };
    const [here, thread] = [await open(startEvaluatorHere(LIMITS), fleet), await open(startEvaluatorThread(LIMITS), fleet)];
    const values = (seed: number): number[] => fleet.rows.map((_, nth) => ((nth * 7919 + seed * 104_729) % 1000) / 1000);
    for (let beat = 0; beat < 5; beat++) {
      // After the third beat nobody looked for long: all that is active is marked.
      const at = AT + beat * 30_000 + (beat > 2 ? LIMITS.gapMs * 2 : 0);
      const [found, expected] = [await lookAt(here, at, values(beat)), await lookAt(thread, at, values(beat))];
      expect(found.length).toBeGreaterThan(100);
      expect(found).toEqual(expected);
    }
  });

  test('let others have their turn although everything goes bad at once', async () => {
    const fleet = { rules: Array.from({ length: 10 }, (_, nth) => rule(`r${nth}`, 0.5)), rows: rowsOf(2_000) };
    expect(
      isSmall(
        fleet.rules.map((flat) => ({ flat })),
        new Map([['vm', fleet.rows]]),
      ),
    ).toBe(true);
    const here = await open(startEvaluatorHere(LIMITS), fleet);
    let turns = 0;
    const over = new AbortController();
    const others = (async () => {
      for (; !over.signal.aborted; turns++) await turn();
    })();
    const beganAt = performance.now();
    const { changes } = await here.look({ at: AT, columns: new Map([['cpu', new Float64Array(2_000).fill(1)]]), repeat: true });
    const tookMs = performance.now() - beganAt;
    over.abort();
    await others;
    expect(changes).toBe(20_000);
    // At most 2 ms at a time, and what a piece takes longer than that.
    expect(turns).toBeGreaterThan(tookMs / 20);
  });

  test('are those of small fleets', () => {
    const rules = (count: number) => Array.from({ length: count }, (_, nth) => ({ flat: rule(`r${nth}`, 0.5) }));
    expect(isSmall(rules(10), new Map([['vm', rowsOf(2_000)]]))).toBe(true);
    expect(isSmall(rules(1), new Map([['vm', rowsOf(2_001)]]))).toBe(false);
    expect(isSmall(rules(21), new Map([['vm', rowsOf(1_000)]]))).toBe(false);
  });
});
