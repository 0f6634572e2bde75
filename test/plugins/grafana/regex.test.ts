import { describe, expect, test } from 'vitest';
import { patternOf } from '../../../plugins/grafana/prometheus/regex.ts';

describe('a regular expression', () => {
  test.each([
    ['web-1|web-2', ['web-1', 'web-2'], ['web-1|web-2', 'web-3', 'web', '']],
    ['web\\.1|db\\-2', ['web.1', 'db-2'], ['web-1', 'web\\.1']],
    ['web.1', ['web.1', 'web-1'], ['web1']],
    ['|web-1', ['', 'web-1'], ['web']],
    ['(?i)web-1', ['WEB-1'], ['web-2']],
    ['(a|b)+', ['abab'], ['', 'abc']],
  ])('%s is matched by the whole of a value or not at all', (text, matching, others) => {
    const pattern = patternOf(text);
    expect([...matching, ...others].filter((value) => pattern.test(value))).toEqual(matching);
  });

  test('of ten thousand characters, the names of a fleet, is one; without an end it is not', () => {
    const names = Array.from({ length: 1000 }, (_, k) => `vm-${k}`);
    expect(patternOf(names.join('|')).test('vm-999')).toBe(true);
    expect(() => patternOf('x'.repeat(20_001))).toThrow(/longer than/u);
    expect(() => patternOf('(a')).toThrow(/does not parse/u);
  });

  test('of whole words puts what it found into a template, too', () => {
    expect(patternOf('web-1|web-2').expand('web-2', 'is $0')).toBe('is web-2');
    expect(patternOf('web-1|web-2').expand('web-3', 'is $0')).toBeNull();
  });
});
