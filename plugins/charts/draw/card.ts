import { parseHTML } from 'linkedom';
import { LEGEND_SIZE, placeLegend, SWATCH, type LegendEntry, type PlacedEntry, type PlacedLegend } from './legend.ts';
import { cleanText, fitText, widthOf } from './text.ts';
import { theme } from './theme.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** Where the line of the subtitle stands, and what follows below it. */
const SUBTITLE = { y: 55, size: 12.5 } as const;
const PLOT_TOP = 66;
const PLOT_BOTTOM = 8;
export const PLOT_X = 8;

export interface CardText {
  readonly title: string;
  readonly subtitle?: string | undefined;
  readonly legend: readonly LegendEntry[];
  /** Default: `theme.heightPoints`. */
  readonly heightPoints?: number;
}

/** A card whose texts have their places: what is left is for the plot. */
export interface Card extends CardText {
  readonly heightPoints: number;
  readonly placed: PlacedLegend;
  readonly plotY: number;
  readonly plotWidth: number;
  readonly plotHeight: number;
}

export function layOut(text: CardText): Card {
  const subtitleWidth = widthOf(cleanText(text.subtitle ?? ''), SUBTITLE.size);
  const half = theme.widthPoints / 2;
  const placed = placeLegend(text.legend, { subtitleWidth: Math.min(subtitleWidth, half), subtitleY: SUBTITLE.y });
  const plotY = PLOT_TOP + placed.heightPoints;
  const heightPoints = text.heightPoints ?? theme.heightPoints;
  return {
    ...text,
    heightPoints,
    placed,
    plotY,
    plotWidth: theme.widthPoints - 2 * PLOT_X,
    plotHeight: heightPoints - plotY - PLOT_BOTTOM,
  };
}

export const newDocument = (): Document => parseHTML('<html><body></body></html>').document;

type Attributes = Readonly<Record<string, string | number>>;

function element(document: Document, name: string, attributes: Attributes): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function text(document: Document, content: string, attributes: Attributes): SVGElement {
  const made = element(document, 'text', { 'font-family': theme.family, ...attributes });
  made.textContent = content;
  return made;
}

function swatch(document: Document, { kind, color, x, y }: PlacedEntry): SVGElement {
  const { width } = SWATCH;
  if (kind === 'band') return element(document, 'rect', { x, y: y - 9, width, height: 10, rx: 2, fill: color, 'fill-opacity': 0.35 });
  const dash = kind === 'dashed' ? { 'stroke-dasharray': '5 3' } : {};
  return element(document, 'line', { x1: x, y1: y - 4, x2: x + width, y2: y - 4, stroke: color, 'stroke-width': 2.4, ...dash });
}

function addTexts(svg: SVGElement, document: Document, { title, subtitle = '', placed }: Card): void {
  const { paddingPoints: padding, widthPoints: width } = theme;
  const heading = { x: padding, y: 34, 'font-size': 17, 'font-weight': 600, fill: theme.ink };
  svg.append(text(document, fitText(title, 17, width - 2 * padding), heading));
  const below = { x: padding, y: SUBTITLE.y, 'font-size': SUBTITLE.size, fill: theme.muted };
  if (subtitle !== '') svg.append(text(document, fitText(subtitle, SUBTITLE.size, width - 2 * padding - placed.widthPoints), below));
  for (const entry of placed.entries) {
    svg.append(swatch(document, entry));
    const name = { x: entry.x + SWATCH.width + SWATCH.gap, y: entry.y, 'font-size': LEGEND_SIZE, fill: theme.muted };
    svg.append(text(document, entry.name, name));
  }
}

/** Puts the plot into the card; answers the SVG text. */
export function cardOf(document: Document, plot: Element, card: Card): string {
  const { widthPoints: width } = theme;
  const { heightPoints: height } = card;
  const svg = element(document, 'svg', { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  const ground = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: theme.radiusPoints, fill: theme.ground, stroke: theme.border };
  svg.append(element(document, 'rect', ground));
  addTexts(svg, document, card);
  plot.setAttribute('x', String(PLOT_X));
  plot.setAttribute('y', String(card.plotY));
  svg.append(plot);
  return svg.outerHTML;
}
