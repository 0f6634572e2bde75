/** What may not stand in XML at all, or would turn the text around: control characters and marks of direction. */
// oxlint-disable-next-line no-control-regex -- these are the very characters to take out
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Widths of Inter's glyphs in parts of the text size, by kind: near enough to set one thing beside another. */
const GLYPH_EMS: readonly (readonly [RegExp, number])[] = [
  [/^[ijlI.,:;'|!]$/u, 0.29],
  [/^[ frt()[\]"·-]$/u, 0.38],
  [/^[mwMW@%…—]$/u, 0.88],
  [/^[A-Z0-9&_]$/u, 0.66],
  [/^[\u0020-\u024f]$/u, 0.58],
];
const OTHER_GLYPH_EM = 1;

const segmenter = new Intl.Segmenter('en');

/** What a person sees as one character each: an emoji of several code points is never cut in two. */
const glyphsOf = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

const glyphEm = (glyph: string): number => GLYPH_EMS.find(([kind]) => kind.test(glyph))?.[1] ?? OTHER_GLYPH_EM;

/** Text of strangers: printable, well-formed, on one line. */
export const cleanText = (text: string): string => text.toWellFormed().replaceAll(UNPRINTABLE, ' ').replaceAll(/\s+/gu, ' ').trim();

/** The same, of at most `glyphsMax` characters. */
export function cutText(text: string, glyphsMax: number): string {
  const clean = cleanText(text);
  const glyphs = glyphsOf(clean);
  return glyphs.length <= glyphsMax
    ? clean
    : `${glyphs
        .slice(0, Math.max(0, glyphsMax - 1))
        .join('')
        .trimEnd()}…`;
}

/** Width that `text` takes. */
export const widthOf = (text: string, sizePoints: number): number =>
  glyphsOf(text).reduce((sum, glyph) => sum + glyphEm(glyph), 0) * sizePoints;

/** Clean text, cut to the room there is. */
export function fitText(text: string, sizePoints: number, widthPoints: number): string {
  const clean = cleanText(text);
  const room = Math.max(widthPoints / sizePoints, 1);
  let used = 0;
  let kept = 0;
  const glyphs = glyphsOf(clean);
  for (const glyph of glyphs) {
    used += glyphEm(glyph);
    if (used > room) return cutText(clean, kept);
    kept++;
  }
  return clean;
}

const TAIL_GLYPHS = 8;

/** The same, but its end is kept: names of machines often differ there only. */
export function fitMiddle(text: string, sizePoints: number, widthPoints: number): string {
  const clean = cleanText(text);
  if (widthOf(clean, sizePoints) <= widthPoints) return clean;
  const glyphs = glyphsOf(clean);
  const tail = glyphs.slice(-TAIL_GLYPHS).join('');
  return `${fitText(glyphs.slice(0, -TAIL_GLYPHS).join(''), sizePoints, widthPoints - widthOf(tail, sizePoints))}${tail}`;
}
