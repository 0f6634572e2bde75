import { describe, expect, it } from 'vitest';
import { findSeason } from '../../../../plugins/analytics/forecast/season.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';

const series = (length: number, value: (step: number, noise: number) => number): Float64Array => {
  const random = randomOf(5);
  return Float64Array.from({ length }, (_, step) => value(step, normalOf(random)));
};

describe('the rhythm of a series', () => {
  it('is found where it is not the day, noise and growth or not', () => {
    expect(
      findSeason(
        series(480, (step, noise) => (step % 7 === 0 ? 10 : 0) + 0.5 * noise),
        24,
      ),
    ).toBe(7);
    expect(
      findSeason(
        series(600, (step, noise) => 0.05 * step + 3 * Math.sin((step / 36) * 2 * Math.PI) + 0.5 * noise),
        24,
      ),
    ).toBe(36);
  });

  it('is none but the day, where the day fits', () => {
    expect(
      findSeason(
        series(480, (step, noise) => Math.sin((step / 24) * 2 * Math.PI) + 0.1 * noise),
        24,
      ),
    ).toBeUndefined();
  });

  it('is none in noise, in what never changes, and in a short history', () => {
    expect(
      findSeason(
        series(480, (_, noise) => noise),
        24,
      ),
    ).toBeUndefined();
    expect(findSeason(new Float64Array(480).fill(3), 24)).toBeUndefined();
    expect(findSeason(new Float64Array(5), 24)).toBeUndefined();
  });
});
