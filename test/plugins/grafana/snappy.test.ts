import { describe, expect, test } from 'vitest';
import { SnappyError, uncompress } from '../../../plugins/grafana/prometheus/snappy.ts';

const text = (bytes: number[], room?: Buffer): string => uncompress(Uint8Array.from(bytes), 1000, room).toString('latin1');

const literal = (word: string): number[] => [(word.length - 1) << 2, ...Buffer.from(word)];

describe('snappy', () => {
  test('literals, long ones too', () => {
    expect(text([3, ...literal('abc')])).toBe('abc');
    const long = 'x'.repeat(100);
    expect(text([100, 60 << 2, 99, ...Buffer.from(long)])).toBe(long);
    expect(text([100, 61 << 2, 99, 0, ...Buffer.from(long)])).toBe(long);
  });

  test('copies with offsets of one, two and four bytes, those that repeat themselves too', () => {
    expect(text([6, ...literal('ab'), 1 | (0 << 2), 2])).toBe('ababab');
    expect(text([8, ...literal('abcd'), 1, 4])).toBe('abcdabcd');
    expect(text([7, ...literal('abcd'), 2 | (2 << 2), 4, 0])).toBe('abcdabc');
    expect(text([7, ...literal('abcd'), 3 | (2 << 2), 4, 0, 0, 0])).toBe('abcdabc');
  });

  test('the room that is given is used when it is large enough', () => {
    const room = Buffer.alloc(4, 'z');
    expect(text([3, ...literal('abc')], room)).toBe('abc');
    expect(room.toString()).toBe('abcz');
    expect(text([6, ...literal('abcdef')], room)).toBe('abcdef');
  });

  test.each([
    ['nothing', []],
    ['a length without an end', [255, 255, 255, 255, 255, 255]],
    ['more than is allowed', [255, 127, 0]],
    ['a literal longer than the text', [2, ...literal('abc')]],
    ['a literal that is cut off', [3, 2 << 2, 97]],
    ['a copy from before the text', [8, ...literal('abcd'), 1, 5]],
    ['a copy from nowhere', [8, ...literal('abcd'), 1, 0]],
    ['a copy past the end', [5, ...literal('abcd'), 1, 4]],
    ['a text that is too short', [9, ...literal('abcd')]],
  ])('%s is refused', (_, bytes) => {
    expect(() => text(bytes)).toThrow(SnappyError);
  });
});
