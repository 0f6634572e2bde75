import { expect, it } from 'vitest';
import { createPulse } from '../../../../plugins/monitoring/incidents/pulse.ts';
import { createTestClock } from '../../../kit/clock.ts';

it('calls no part silent that beats quickly and once waits for half a minute', () => {
  const clock = createTestClock();
  const pulse = createPulse(clock);
  pulse.watch('quick', 1_000)();
  clock.advance(30_000);
  expect(pulse.silent()).toEqual([]);
  clock.advance(1);
  expect(pulse.silent()).toEqual(['quick']);
});

it('names the parts that have missed three beats, and forgets it when they are back', () => {
  const clock = createTestClock();
  const pulse = createPulse(clock);
  const beat = pulse.watch('evaluation', 30_000);
  pulse.watch('never', 60_000);
  clock.advance(90_000);
  expect(pulse.silent()).toEqual([]);
  clock.advance(1);
  expect(pulse.silent()).toEqual(['evaluation']);
  beat();
  expect(pulse.silent()).toEqual([]);
  clock.advance(-3_600_000);
  expect(pulse.silent()).toEqual([]);
});
