import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../core/contract.ts';
import { planHash } from '../../../core/actions/confirmations.ts';

const facts = fc.dictionary(
  fc.string(),
  fc.jsonValue().map((value) => value as Json),
);
const target = fc
  .record({ kind: fc.constantFrom('vm', 'host'), id: fc.string(), name: fc.string(), tags: fc.array(fc.string()) })
  .map((thing) => ({
    ...thing,
    tenant: 'default',
    owner: null,
  }));
const asked = fc.record({
  id: fc.constantFrom('vm.delete', 'vm.stop'),
  target: fc.option(target),
  input: fc.jsonValue().map((value) => value as Json),
  plan: fc.record({ sentences: fc.array(fc.string()), facts }),
});

const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  );
};

describe('the hash of a plan', () => {
  it('does not depend on the order of keys, the wording, or the name of the thing', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const same = {
          ...one,
          input: reversed(one.input),
          target: one.target && { ...one.target, name: `${one.target.name}-renamed`, tags: [] },
          plan: { sentences: ['Said otherwise.'], facts: reversed(one.plan.facts) as Record<string, Json> },
        };
        expect(planHash(same)).toBe(planHash(one));
      }),
    );
  });

  it('changes with the action, the thing, the input and any fact', () => {
    fc.assert(
      fc.property(asked, fc.string(), (one, key) => {
        const hashes = [
          one,
          { ...one, id: 'vm.reset' },
          { ...one, target: { kind: 'vm', id: `${one.target?.id}-other`, name: '', tenant: null, tags: [], owner: null } },
          { ...one, input: { was: one.input } },
          { ...one, plan: { ...one.plan, facts: { ...one.plan.facts, [key]: { was: one.plan.facts[key] ?? null } } } },
        ].map(planHash);
        expect(new Set(hashes).size).toBe(hashes.length);
      }),
    );
  });
});
