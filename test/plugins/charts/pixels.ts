import { Resvg } from '@resvg/resvg-js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Width and height as the file's header says; undefined when it is no PNG. */
export function pngSize(png: Buffer): Size | undefined {
  const isPng = png.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  return isPng ? { width: png.readUInt32BE(16), height: png.readUInt32BE(20) } : undefined;
}

/** How many pixels of a part of the picture fulfil the condition on red, green and blue. */
export function countPixels(png: Buffer, part: Size & { x: number; y: number }, is: (rgb: readonly number[]) => boolean): number {
  const size = pngSize(png);
  if (size === undefined) throw new Error('not a PNG');
  const href = `data:image/png;base64,${png.toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}"><image href="${href}" width="${size.width}" height="${size.height}"/></svg>`;
  const { pixels } = new Resvg(svg).render();
  let count = 0;
  for (let y = part.y; y < part.y + part.height; y++) {
    for (let x = part.x; x < part.x + part.width; x++) {
      const start = (y * size.width + x) * 4;
      if (is([...pixels.subarray(start, start + 3)])) count++;
    }
  }
  return count;
}

export const isDark = (rgb: readonly number[]): boolean => rgb.every((channel) => channel < 110);
export const isBlue = ([red = 0, green = 0, blue = 0]: readonly number[]): boolean => blue > 180 && red < 120 && green < 160;
export const isOrange = ([red = 0, green = 0, blue = 0]: readonly number[]): boolean => red > 190 && green < 160 && blue < 80;
