import { inspect } from 'node:util';
import type { MimeBundle } from './protocol.ts';

/** Objects say with this method how they are shown; other kernels of JavaScript know the same name. */
export const DISPLAY = Symbol.for('Jupyter.display');

const TEXT_LENGTH_MAX = 100_000;
const MEDIA_TYPE = /^[a-z]+\/[\w.+-]+$/u;

export const isBundle = (value: unknown): value is MimeBundle =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0 && Object.keys(value).every((key) => MEDIA_TYPE.test(key));

const hasDisplay = (value: unknown): value is { [DISPLAY](): unknown } =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && typeof Reflect.get(value, DISPLAY) === 'function';

export function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 });
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)} … (${text.length} characters)`;
}

/** How a value is shown; null for `undefined`, which is shown by nothing. */
export async function bundleOf(value: unknown): Promise<MimeBundle | null> {
  if (value === undefined) return null;
  if (!hasDisplay(value)) return { 'text/plain': typeof value === 'string' ? inspect(value) : textOf(value) };
  const shown = await value[DISPLAY]();
  if (isBundle(shown)) return shown;
  throw new TypeError('[Symbol.for("Jupyter.display")]() must answer representations by media type, such as { "text/html": "…" }.');
}
