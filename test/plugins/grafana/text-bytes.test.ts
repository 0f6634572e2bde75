import { expect, test } from 'vitest';
import { TextBytes, toBytes } from '../../../plugins/grafana/prometheus/text-bytes.ts';

test('text and bytes stand one after the other, whatever their signs and however many', () => {
  const pieces = ['{"vm":"', 'Zürich-1', '", "', '東京', '\u{1F680}', '', 'a'.repeat(100_000), '"}'];
  const bytes = new TextBytes();
  for (let round = 0; round < 3; round++) for (const piece of pieces) bytes.text(piece);
  for (const piece of pieces) bytes.bytes(toBytes(piece));
  expect(new TextDecoder().decode(bytes.whole())).toBe(pieces.join('').repeat(4));
});
