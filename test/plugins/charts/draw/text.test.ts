import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, fitMiddle, fitText, widthOf } from '../../../../plugins/charts/draw/text.ts';

describe('text in a picture', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 });

  it('has no control characters, no line breaks, and no half characters', () => {
    fc.assert(
      fc.property(text, (given) => {
        const clean = fitText(given, 12, 10_000);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('is never wider than its room, but for the dots of what was cut', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 400 }), (given, room) => {
        expect(widthOf(fitText(given, 12, room), 12)).toBeLessThanOrEqual(room + 12);
      }),
    );
  });

  it('keeps the end of a name, where names differ', () => {
    expect(fitMiddle('production-database-eu-west-17', 12, 120)).toMatch(/^produ.*….*-west-17$/);
    expect(fitMiddle('web-1', 12, 120)).toBe('web-1');
  });

  it('is cut between characters as people see them', () => {
    expect(cutText('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 2)).toBe('👩‍👩‍👧‍👦…');
    expect(cutText('short', 5)).toBe('short');
  });
});
