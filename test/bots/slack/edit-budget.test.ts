import { expect, it } from 'vitest';
import { createEditBudget } from '../../../bots/slack/edit-budget.ts';

it('lets a burst of edits through, then as many as Slack takes', () => {
  let now = 0;
  const budget = createEditBudget(() => now);
  let shown = 0;
  for (; now < 60_000; now += 100) {
    if (budget.waitMs() > 0) continue;
    budget.spend();
    shown += 1;
  }
  expect(shown).toBeGreaterThan(40);
  expect(shown).toBeLessThanOrEqual(57);
});

it('makes progress wait longer after the ends of many jobs have overdrawn it', () => {
  const budget = createEditBudget(() => 0);
  for (let count = 0; count < 30; count += 1) budget.spend();
  expect(budget.waitMs()).toBeGreaterThan(10_000);
});
