/** What may not stand in XML at all: control characters and halves of surrogate pairs. */
// oxlint-disable-next-line no-control-regex -- these are the very characters to take out
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const AVERAGE_GLYPH_EM = 0.56;

const segmenter = new Intl.Segmenter('en');

/** What a person sees as one character each: an emoji of several code points is never cut in two. */
const glyphsOf = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** Text of strangers, ready for a picture: printable, on one line, cut to the room there is. */
export function fitText(text: string, sizePoints: number, widthPoints: number): string {
  const clean = text.toWellFormed().replaceAll(UNPRINTABLE, ' ').replaceAll(/\s+/gu, ' ').trim();
  const glyphs = glyphsOf(clean);
  const glyphsMax = Math.max(1, Math.floor(widthPoints / (sizePoints * AVERAGE_GLYPH_EM)));
  return glyphs.length <= glyphsMax
    ? clean
    : `${glyphs
        .slice(0, glyphsMax - 1)
        .join('')
        .trimEnd()}…`;
}

/** Width that `text` takes, near enough to set one thing beside another. */
export const widthOf = (text: string, sizePoints: number): number => glyphsOf(text).length * sizePoints * AVERAGE_GLYPH_EM;
