import { fileURLToPath } from 'node:url';
import { ensureTinyImage, type TinyImage } from '../../core/setup/tiny-image.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/novacron/images', import.meta.url));

/** The guest image `tiny`, built once for all test runs of this clone. */
export function tinyImage(): Promise<TinyImage> {
  return ensureTinyImage(CACHE);
}
