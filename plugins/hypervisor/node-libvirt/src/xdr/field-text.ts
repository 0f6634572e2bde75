/** The text in one of C's fixed arrays of char: up to the first NUL. */
export function fieldText(chars: readonly number[]): string {
  const end = chars.indexOf(0);
  return Buffer.from(end < 0 ? chars : chars.slice(0, end)).toString('utf8');
}
