import type { MimeBundle } from '../session/protocol.ts';
import { escapeHtml } from './escape.ts';

export interface Shown {
  readonly data: MimeBundle;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Draws SVG as PNG, in base64. */
export type Rasterize = (svg: string) => Promise<string>;

const sizeOf = (svg: string, name: 'width' | 'height'): number | null => {
  const found = new RegExp(`^<svg[^>]*\\s${name}="(\\d+(?:\\.\\d+)?)"`, 'u').exec(svg)?.[1];
  return found === undefined ? null : Number(found);
};

const htmlOf = (png: string, { width, alt }: { readonly width: number | null; readonly alt: unknown }): string => {
  const words = typeof alt === 'string' ? escapeHtml(alt.slice(0, 500)) : '';
  return `<img src="data:image/png;base64,${png}" alt="${words}"${width === null ? '' : ` width="${width}"`}>`;
};

/**
 * Puts a PNG beside each SVG, for chat and mail, which show no SVG; and the same as HTML, since nbconvert chooses SVG before PNG and then shows nothing of it.
 * What cannot be drawn stays as it is.
 */
export async function withPng({ data, metadata }: Shown, rasterize: Rasterize): Promise<Shown> {
  const svg = data['image/svg+xml'];
  if (typeof svg !== 'string' || data['image/png'] !== undefined) return { data, metadata };
  const [width, height] = [sizeOf(svg, 'width'), sizeOf(svg, 'height')];
  try {
    const png = await rasterize(svg);
    return {
      data: { 'text/html': htmlOf(png, { width, alt: data['text/plain'] }), ...data, 'image/png': png },
      metadata: width === null || height === null ? metadata : { ...metadata, 'image/png': { width, height } },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { data: { ...data, 'text/plain': `(no PNG of this picture: ${reason})` }, metadata };
  }
}
