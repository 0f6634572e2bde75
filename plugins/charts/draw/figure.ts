import * as Plot from '@observablehq/plot';
import { cardOf, layOut, newDocument } from './card.ts';
import type { LegendEntry } from './legend.ts';
import { theme } from './theme.ts';

export type { LegendEntry } from './legend.ts';

/** A plot of any kind in the look of the hub. Options are those of Observable Plot. */
export interface Figure extends Omit<Plot.PlotOptions, 'document' | 'title' | 'subtitle' | 'width' | 'height' | 'style'> {
  readonly title: string;
  readonly subtitle?: string;
  /** In points, of the whole card; default 400. It is as wide as every chart. */
  readonly height?: number;
  readonly legend?: readonly LegendEntry[];
}

const HEIGHT_MAX = 2000;

/** SVG of a card with the plot in it. */
export function drawFigure({ title, subtitle, height, legend = [], ...options }: Figure): string {
  const heightPoints = Math.min(HEIGHT_MAX, Math.max(160, height ?? theme.heightPoints));
  const card = layOut({ title, subtitle, legend, heightPoints });
  const document = newDocument();
  const plot = Plot.plot({
    marginLeft: 64,
    marginRight: 32,
    marginTop: 16,
    marginBottom: 36,
    ...options,
    document,
    width: card.plotWidth,
    height: card.plotHeight,
    style: { fontFamily: theme.family, fontSize: '12px', background: 'none', color: theme.ink },
  });
  return cardOf(document, plot, card);
}
