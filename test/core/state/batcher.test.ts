import { describe, expect, it } from 'vitest';
import { HubError } from '../../../core/contract.ts';
import { createBatcher } from '../../../core/state/batcher.ts';
import { codeOf } from '../../kit/collect.ts';

const overloaded = () => new HubError('test_overloaded', 'Too many.', { status: 503 });

describe('a batcher', () => {
  it('refuses what is beyond its queue, and does the rest', async () => {
    const batcher = createBatcher({ write: async (items: readonly number[]) => items, batchMax: 10, queueMax: 3, overloaded });
    const results = [1, 2, 3, 4].map((item) => batcher.add(item));
    expect(await codeOf(results[3] as Promise<number>)).toBe('test_overloaded');
    expect(await Promise.all(results.slice(0, 3))).toEqual([1, 2, 3]);
  });

  it('rejects every item of a batch that failed, and goes on with the next', async () => {
    let calls = 0;
    const write = async (items: readonly number[]) => {
      calls += 1;
      if (calls === 1) throw new Error('no');
      return items;
    };
    const batcher = createBatcher({ write, batchMax: 2, queueMax: 10, overloaded });
    const results = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('writes together what gathers while one write is under way, in order', async () => {
    const batches: (readonly number[])[] = [];
    const write = async (items: readonly number[]) => {
      batches.push(items);
      await Promise.resolve();
      return items.map((item) => item * 10);
    };
    const batcher = createBatcher({ write, batchMax: 3, queueMax: 100, overloaded });
    const first = batcher.add(1);
    await Promise.resolve();
    await Promise.resolve();
    const rest = [2, 3, 4, 5].map((item) => batcher.add(item));
    expect(await Promise.all([first, ...rest])).toEqual([10, 20, 30, 40, 50]);
    await batcher.idle();
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
  });
});
