/** At most this many names are kept; a name that finds its place taken replaces the one there. */
const namesMax = 4096;
const nameBytesMax = 64;

/**
 * Turns the bytes of short names that come again and again into strings without making them anew: statistics repeat the same
 * few hundred names for every domain of every scrape.
 */
export class NameCache {
  private readonly names: (string | undefined)[] = [];

  /** The string of these bytes, or undefined when they are not short ASCII. */
  get(bytes: Buffer, start: number, end: number): string | undefined {
    const length = end - start;
    if (length > nameBytesMax) return undefined;
    let hash = length;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 127) return undefined;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const slot = (hash ^ (hash >>> 12)) & (namesMax - 1);
    const known = this.names[slot];
    if (known !== undefined && known.length === length && sameBytes(known, bytes, start)) return known;
    const name = asKey(bytes.toString('latin1', start, end));
    this.names[slot] = name;
    return name;
  }
}

function sameBytes(text: string, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}

/** The engine keeps one copy of every name that was used as a key; that copy is the quickest to use as a key again. */
function asKey(text: string): string {
  for (const key in { [text]: 0 }) return key;
  return text;
}
