import { describe, expect, it } from 'vitest';
import { handoverAfter, onCall, type Rotation } from '../../../../plugins/monitoring/incidents/rotations.ts';

const weekly: Rotation = { timeZone: 'Europe/Berlin', startsOn: '2026-03-02', handoverAt: '09:00', everyDays: 7, people: ['a', 'b', 'c'] };
const at = (text: string): number => Date.parse(text);
const who = (rotation: Rotation, text: string) => onCall(rotation, 'primary', { at: at(text), overrides: [] });

describe('a rotation', () => {
  it('hands over at the local time of day, also across the change to summer time', () => {
    expect(who(weekly, '2026-03-02T07:59:00Z')).toBe('c');
    expect(who(weekly, '2026-03-02T08:00:00Z')).toBe('a');
    // The clocks go forward on 2026-03-29: 09:00 in Berlin is 07:00 UTC from then on.
    expect(who(weekly, '2026-03-23T07:59:00Z')).toBe('c');
    expect(who(weekly, '2026-03-23T08:00:00Z')).toBe('a');
    expect(who(weekly, '2026-03-30T06:59:00Z')).toBe('a');
    expect(who(weekly, '2026-03-30T07:00:00Z')).toBe('b');
  });

  it('hands over once where the local time of the handover is skipped or comes twice', () => {
    const nightly: Rotation = { ...weekly, startsOn: '2026-03-28', handoverAt: '02:30', everyDays: 1, people: ['a', 'b', 'c', 'd'] };
    const hours = Array.from({ length: 72 }, (_, hour) =>
      who(nightly, new Date(at('2026-03-28T01:30:00Z') + hour * 3_600_000).toISOString()),
    );
    expect(hours.filter((person, index) => index > 0 && person !== hours[index - 1])).toEqual(['b', 'c', 'd']);
    const autumn: Rotation = { ...nightly, startsOn: '2026-10-24' };
    const minutes = Array.from({ length: 48 * 60 }, (_, minute) =>
      who(autumn, new Date(at('2026-10-24T01:00:00Z') + minute * 60_000).toISOString()),
    );
    expect(minutes.filter((person, index) => index > 0 && person !== minutes[index - 1])).toEqual(['b']);
  });

  it('says when it hands over next', () => {
    expect(new Date(handoverAfter(weekly, at('2026-03-25T12:00:00Z'))).toISOString()).toBe('2026-03-30T07:00:00.000Z');
  });

  it('lets somebody stand in from the first instant to before the last; the newest counts', () => {
    const from = at('2026-03-03T00:00:00Z');
    const overrides = [
      { rotation: 'primary', person: 'x', from, to: from + 100 },
      { rotation: 'primary', person: 'y', from: from + 50, to: from + 100 },
      { rotation: 'other', person: 'z', from, to: from + 100 },
    ];
    const when = (ms: number) => onCall(weekly, 'primary', { at: from + ms, overrides });
    expect([-1, 0, 49, 50, 99, 100].map(when)).toEqual(['a', 'x', 'x', 'y', 'y', 'a']);
  });
});
