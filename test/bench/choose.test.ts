import { describe, expect, it } from 'vitest';
import { crossFit, foldsBy, gridOf, leastOf, timesChosen } from './choose.ts';

interface Day {
  readonly vm: string;
  readonly losses: Readonly<Record<string, number>>;
}

const day = (vm: string, small: number, large: number): Day => ({ vm, losses: { small, large } });
const lossOf = (days: readonly Day[], name: string): number => days.reduce((sum, { losses }) => sum + (losses[name] ?? 0), 0);

describe('choosing', () => {
  it('scores each fold with what the other folds chose: its own days have no say', () => {
    const folds = foldsBy([day('a', 0, 100), day('b', 5, 1), day('a', 0, 100), day('c', 5, 1)], ({ vm }) => vm);
    const { choices, results } = crossFit(folds, {
      choose: (days) => leastOf(['small', 'large'], (name) => lossOf(days, name)),
      score: ({ vm, losses }, name) => `${vm} ${name} ${losses[name]}`,
    });
    // Without a, large ones are better; a itself would have wished otherwise, and pays.
    expect(choices).toEqual(['large', 'small', 'small']);
    expect(results).toEqual(['a large 100', 'a large 100', 'b small 5', 'c small 5']);
    expect(timesChosen(choices, (name) => name)).toEqual({ small: 2, large: 1 });
  });

  it('takes the first of equals, and refuses to choose from nothing', () => {
    expect(leastOf([3, 1, 2], () => 0)).toBe(3);
    expect(() => leastOf([], () => 0)).toThrow('nothing to choose from');
  });

  it('makes every combination of what is declared', () => {
    expect(gridOf({ a: [1, 2], b: ['x', 'y'] })).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });
});
