import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AlertState } from '../../../../plugins/monitoring/rules/alert-state.ts';
import { createEvaluator, type Evaluator, type FlatRule } from '../../../../plugins/monitoring/rules/evaluator.ts';

const GAP_MS = 100;
const LIMITS = { gapMs: GAP_MS, activeMax: 1000 };
const SUBJECT = 'vm/a';
const ROW = { key: SUBJECT, name: 'a', device: null, tenant: null, tags: [] };

const ruleOf = (more: Partial<FlatRule> = {}): FlatRule => ({
  id: 'r',
  table: 'vm',
  column: 'c',
  sign: 1,
  edge: 10,
  resolveAt: 5,
  forMs: 0,
  keepFiringMs: 0,
  scope: null,
  isAge: false,
  ...more,
});

/** What happens: a look after some time (the clock may jump back or far ahead) at a value, at nothing, or with the thing gone; or a restart. */
type Happening =
  | { readonly is: 'look'; readonly afterMs: number; readonly value: number | 'unknown' | 'gone' }
  | { readonly is: 'restart' };

/** The same thing told as simply as possible, on a time of its own that only counts what somebody watched. */
class Reference {
  firing = false;
  #time = 0;
  #badSince: number | null = null;
  #goodSince: number | null = null;
  #blindSince: number | null = null;
  readonly #rule: FlatRule;

  constructor(rule: FlatRule) {
    this.#rule = rule;
  }

  look(afterMs: number, value: number | 'unknown' | 'gone'): void {
    const active = this.firing || this.#badSince !== null;
    if (afterMs > GAP_MS && active) this.#blindSince ??= this.#time;
    this.#time += Math.max(0, afterMs);
    if (value === 'gone') return this.#forget();
    if (value === 'unknown') {
      if (active) this.#blindSince ??= this.#time;
      return;
    }
    const brokenOff = this.#blindSince !== null && this.#time - this.#blindSince > GAP_MS;
    this.#blindSince = null;
    if (brokenOff) {
      if (this.#badSince !== null) this.#badSince = this.#time;
      if (this.#goodSince !== null) this.#goodSince = this.#time;
    }
    const isBad = value > 10 || (this.firing && value > 5);
    if (isBad) this.#bad();
    else this.#good();
  }

  #bad(): void {
    this.#goodSince = null;
    if (this.firing) return;
    this.#badSince ??= this.#time;
    if (this.#time - this.#badSince >= this.#rule.forMs) this.firing = true;
  }

  #good(): void {
    if (!this.firing) return this.#forget();
    this.#goodSince ??= this.#time;
    if (this.#time - this.#goodSince >= this.#rule.keepFiringMs) this.#forget();
  }

  #forget(): void {
    this.firing = false;
    this.#badSince = null;
    this.#goodSince = null;
    this.#blindSince = null;
  }
}

/** The evaluator with a memory beside it that holds what its changes said, as the database does. */
class Restartable {
  #now = 1_000_000;
  #lastAt: number | null = null;
  readonly #kept = new Map<string, AlertState>();
  #evaluator: Evaluator;
  readonly #rule: FlatRule;
  signals: string[] = [];

  constructor(rule: FlatRule) {
    this.#rule = rule;
    this.#evaluator = this.#start();
  }

  #start(): Evaluator {
    const evaluator = createEvaluator(LIMITS);
    evaluator.setRules({ put: [this.#rule], drop: [] });
    evaluator.load(
      [...this.#kept].map(([subject, state]) => ({ rule: 'r', subject, state })),
      this.#lastAt,
    );
    return evaluator;
  }

  restart(): void {
    this.#evaluator = this.#start();
  }

  look(afterMs: number, value: number | 'unknown' | 'gone'): void {
    this.#now += afterMs;
    const there = value !== 'gone';
    this.#evaluator.setTable('vm', there ? [ROW] : []);
    const column = there ? [value === 'unknown' ? Number.NaN : value] : [];
    const { changes } = this.#evaluator.look({ at: this.#now, columns: new Map([['c', Float64Array.from(column)]]), repeat: false });
    for (const { subject, was, state } of changes) {
      if (state) this.#kept.set(subject, state);
      else this.#kept.delete(subject);
      if (was?.is !== 'firing' && state?.is === 'firing') this.signals.push('firing');
      if (was?.is === 'firing' && state === null) this.signals.push('resolved');
    }
    this.#lastAt = this.#now;
  }

  get firing(): boolean {
    return this.#kept.get(SUBJECT)?.is === 'firing';
  }
}

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      is: fc.constant('look' as const),
      afterMs: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) },
        { weight: 1, arbitrary: fc.integer({ min: 61, max: 5000 }) },
        { weight: 1, arbitrary: fc.integer({ min: -5000, max: 0 }) },
      ),
      value: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(0, 5, 6, 10, 11, 20) },
        { weight: 1, arbitrary: fc.constant('unknown' as const) },
        { weight: 1, arbitrary: fc.constant('gone' as const) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ is: 'restart' as const }) },
);

describe('a rule and a thing', () => {
  test('do what the simple reference does, through restarts, gaps and clock jumps at any point', () => {
    const timing = fc.constantFrom(0, 30, 90, 250);
    fc.assert(
      fc.property(timing, timing, fc.array(happening, { maxLength: 80 }), (forMs, keepFiringMs, happenings) => {
        const rule = ruleOf({ forMs, keepFiringMs });
        const reference = new Reference(rule);
        const real = new Restartable(rule);
        const expected: string[] = [];
        for (const one of happenings) {
          if (one.is === 'restart') {
            real.restart();
            continue;
          }
          const before = reference.firing;
          reference.look(one.afterMs, one.value);
          if (before !== reference.firing) expected.push(reference.firing ? 'firing' : 'resolved');
          real.look(one.afterMs, one.value);
          expect(real.firing).toBe(reference.firing);
        }
        expect(real.signals).toEqual(expected);
      }),
      { numRuns: 20_000, seed: 4 },
    );
  });

  const look = (evaluator: Evaluator, at: number, values: readonly number[]) =>
    evaluator.look({ at, columns: new Map([['c', Float64Array.from(values)]]), repeat: false });

  test('an age that began to count with the hub says nothing before it is full, and then it is bad', () => {
    const evaluator = createEvaluator(LIMITS);
    evaluator.setRules({ put: [ruleOf({ isAge: true, edge: 60, resolveAt: 60 })], drop: [] });
    evaluator.setTable('vm', [ROW]);
    evaluator.load([{ rule: 'r', subject: SUBJECT, state: { is: 'firing', since: 0, clearSince: null, blindSince: null } }], 90);
    expect(look(evaluator, 100, [-10]).changes.map(({ state }) => state?.is)).toEqual(['firing']);
    expect(look(evaluator, 110, [-61]).changes.map(({ state }) => state?.is)).toEqual(['firing']);
    expect(look(evaluator, 120, [5]).changes.map(({ state }) => state)).toEqual([null]);
  });

  test('what is below its edge fires and comes back at its own level', () => {
    const evaluator = createEvaluator(LIMITS);
    evaluator.setRules({ put: [ruleOf({ sign: -1, edge: 3, resolveAt: 4 })], drop: [] });
    evaluator.setTable('vm', [ROW]);
    const states = [3, 2.9, 3.5, 4].map((value, nth) => look(evaluator, nth + 1, [value]).changes.map(({ state }) => state?.is ?? 'well'));
    expect(states).toEqual([[], ['firing'], [], ['well']]);
  });

  test('a rule that is taken away resolves what it had', () => {
    const evaluator = createEvaluator(LIMITS);
    evaluator.setRules({ put: [ruleOf()], drop: [] });
    evaluator.setTable('vm', [ROW]);
    expect(look(evaluator, 1, [11]).active).toBe(1);
    evaluator.setRules({ put: [], drop: ['r'] });
    expect(look(evaluator, 2, [11])).toMatchObject({ active: 0, changes: [{ subject: SUBJECT, state: null, value: null }] });
  });

  test('more bad pairs than the limit are counted, not taken', () => {
    const evaluator = createEvaluator({ gapMs: GAP_MS, activeMax: 1 });
    evaluator.setRules({ put: [ruleOf()], drop: [] });
    evaluator.setTable('vm', [ROW, { ...ROW, key: 'vm/b', name: 'b' }]);
    expect(look(evaluator, 1, [11, 11])).toMatchObject({ active: 1, refused: 1 });
  });

  test.each([
    [{ names: ['web-*'] }, ['web-1', 'web-2']],
    [{ names: ['web-2', 'db.1'] }, ['db.1', 'web-2']],
    [{ names: ['db?1'] }, []],
    [{ names: ['*'], tags: ['prod'] }, ['db.1', 'web-1']],
    [{ tags: ['prod', 'web'] }, ['web-1']],
    [{ tenant: 'other' }, ['web-2']],
    [{ devices: ['vd*'] }, ['web-1']],
  ])('the scope %j means %j', (scope, names) => {
    const evaluator = createEvaluator(LIMITS);
    evaluator.setRules({ put: [ruleOf({ scope })], drop: [] });
    evaluator.setTable('vm', [
      { key: 'web-1', name: 'web-1', device: 'vda', tenant: 'default', tags: ['prod', 'web'] },
      { key: 'web-2', name: 'web-2', device: null, tenant: 'other', tags: [] },
      { key: 'db.1', name: 'db.1', device: 'sda', tenant: 'default', tags: ['prod'] },
    ]);
    expect(
      look(evaluator, 1, [11, 11, 11])
        .changes.map(({ subject }) => subject)
        .toSorted(),
    ).toEqual(names);
  });
});
