import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import { theme } from './theme.ts';

const SHIPPED_FONTS = ['Inter-Regular.otf', 'Inter-SemiBold.otf'].map((name) =>
  fileURLToPath(new URL(`../fonts/${name}`, import.meta.url)),
);

/** SVG to PNG with our own font files only: the picture is the same on every machine, and text is never silently missing. */
export function rasterize(svg: string, fontFiles: readonly string[] = SHIPPED_FONTS): Buffer {
  return new Resvg(svg, {
    fitTo: { mode: 'zoom', value: theme.zoom },
    font: { fontFiles: [...fontFiles], loadSystemFonts: false, defaultFontFamily: theme.family },
  })
    .render()
    .asPng();
}
