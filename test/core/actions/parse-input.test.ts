import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Action } from '../../../core/contract.ts';
import { parseInput } from '../../../core/actions/parse-input.ts';

const action = {
  risk: 'read',
  input: z.object({
    forSeconds: z.int().optional(),
    memoryBytes: z.number().optional(),
    count: z.coerce.number().optional(),
    items: z.array(z.object({ waitMs: z.number() })).optional(),
  }),
} as unknown as Action;

const said = (input: object): Promise<string> =>
  parseInput(action, input).then(
    () => 'fine',
    (error: unknown) => (error as Error).message,
  );

it('says to people what was expected where they typed words', async () => {
  expect(await said({ forSeconds: '2horus' })).toBe("forSeconds: '2horus' is not a time such as 90s, 5m, 2h or 7d.");
  expect(await said({ memoryBytes: 'much' })).toBe("memoryBytes: 'much' is not a size such as 512M or 4G.");
  expect(await said({ count: 'many' })).toBe("count: 'many' is not a number.");
  expect(await said({ items: [{ waitMs: 'long' }] })).toBe("items.0.waitMs: 'long' is not a time such as 90s, 5m, 2h or 7d.");
  expect(await said({ forSeconds: {} })).toMatch(/^forSeconds: Invalid input/);
  expect(await said({ forSeconds: 60 })).toBe('fine');
});

it('says what the limits and the choices are', async () => {
  const input = z.object({
    forSeconds: z.int().min(60).max(86_400),
    state: z.enum(['open', 'all']).optional(),
    startsAt: z.iso.datetime().optional(),
  });
  const refused = (given: object): Promise<string> =>
    parseInput({ ...action, input }, given).then(
      () => 'fine',
      (error: unknown) => (error as Error).message,
    );
  expect(await refused({ forSeconds: 30 })).toBe('forSeconds: must be at least 60 s.');
  expect(await refused({ forSeconds: 1e6 })).toBe('forSeconds: must be at most 24 h.');
  expect(await refused({ forSeconds: 60, state: 'closed' })).toBe('state: must be one of open, all.');
  expect(await refused({ forSeconds: 60, startsAt: 'tomorrow' })).toBe('startsAt: is no instant such as 2026-01-31T12:00:00Z.');
});
