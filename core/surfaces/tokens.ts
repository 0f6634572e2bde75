/** One word of a command. What stood in quotes, from letter `quotedAt` of `text` on, is taken literally. */
export interface Token {
  readonly text: string;
  readonly quotedAt: number | null;
}

/** More than any person types; longer input is refused before it costs time. */
export const WORDS_LENGTH_MAX = 16_000;
export const WORDS_COUNT_MAX = 500;

/** Chat clients turn `"` into typographic quotes and `--` into a dash. */
const CLOSERS: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”“', '”': '”', '„': '“”', '‘': '’', '«': '»' };
const SPACE = /\s/u;

/** Splits a line as a person meant it; an open quote ends with the line. `null`: too long. */
export function tokenize(words: string | readonly string[]): Token[] | null {
  if (typeof words !== 'string') {
    const tooLong = words.length > WORDS_COUNT_MAX || words.reduce((sum, word) => sum + word.length, 0) > WORDS_LENGTH_MAX;
    return tooLong ? null : words.map((text) => ({ text, quotedAt: null }));
  }
  if (words.length > WORDS_LENGTH_MAX) return null;
  const tokens: Token[] = [];
  let index = 0;
  while (index < words.length) {
    if (SPACE.test(words.charAt(index))) {
      index += 1;
      continue;
    }
    if (tokens.length === WORDS_COUNT_MAX) return null;
    const read = readToken(words, index);
    tokens.push(read.token);
    index = read.end;
  }
  return tokens;
}

/** A quote opens at the start of a word or of a flag's value, so that the one in `it's` is a letter. */
function readToken(line: string, start: number): { token: Token; end: number } {
  let text = '';
  let index = start;
  let quotedAt: number | null = null;
  while (index < line.length && !SPACE.test(line.charAt(index))) {
    const character = line.charAt(index);
    const closers = quotedAt === null ? CLOSERS[character] : undefined;
    if (closers !== undefined && mayOpenAfter(text)) {
      const quoted = readQuoted(line, index + 1, closers);
      quotedAt = text.length;
      text += quoted.text;
      index = quoted.end;
    } else {
      text += character;
      index += 1;
    }
  }
  return { token: withPlainDashes({ text, quotedAt }), end: index };
}

const mayOpenAfter = (text: string): boolean => text === '' || (text.length <= 100 && /^(?:--|[—–])[\p{L}\d_-]+=$/u.test(text));

function withPlainDashes(token: Token): Token {
  if (token.quotedAt === 0 || !/^[—–]\p{L}/u.test(token.text)) return token;
  return { text: `--${token.text.slice(1)}`, quotedAt: token.quotedAt === null ? null : token.quotedAt + 1 };
}

/** Inside quotes a backslash makes the next quote or backslash a letter. */
function readQuoted(line: string, start: number, closers: string): { text: string; end: number } {
  let text = '';
  let index = start;
  while (index < line.length) {
    const character = line.charAt(index);
    if (closers.includes(character)) return { text, end: index + 1 };
    const next = line.charAt(index + 1);
    const isEscape = character === '\\' && next !== '' && (next === '\\' || closers.includes(next));
    text += isEscape ? next : character;
    index += isEscape ? 2 : 1;
  }
  return { text, end: index };
}

/** The inverse of `tokenize` for one word: quoted where it must be. */
export function quote(value: string): string {
  const isPlain = value !== '' && !/[\s,=]/u.test(value) && !/^["'“”„‘«—–-]/u.test(value);
  return isPlain ? value : `"${value.replace(/["\\]/gu, (character) => `\\${character}`)}"`;
}
