import { parseHTML } from 'linkedom';
import { fitText, widthOf } from './text.ts';
import { theme } from './theme.ts';

const SVG = 'http://www.w3.org/2000/svg';
const LEGEND_SIZE = 12;
const SWATCH = 18;

export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  readonly kind: 'line' | 'dashed' | 'band';
}

export interface CardText {
  readonly title: string;
  readonly subtitle?: string | undefined;
  readonly legend: readonly LegendEntry[];
}

/** Room for the plot inside the card. */
export const plotRoom = { x: 8, y: 66, width: theme.widthPoints - 16, height: theme.heightPoints - 66 - 8 } as const;

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

function swatch(document: Document, entry: LegendEntry, at: { x: number; y: number }): SVGElement {
  const { x, y } = at;
  if (entry.kind === 'band') {
    return element(document, 'rect', { x, y: y - 9, width: SWATCH, height: 10, rx: 2, fill: entry.color, 'fill-opacity': 0.35 });
  }
  const dash = entry.kind === 'dashed' ? { 'stroke-dasharray': '5 3' } : {};
  return element(document, 'line', { x1: x, y1: y - 4, x2: x + SWATCH, y2: y - 4, stroke: entry.color, 'stroke-width': 2.4, ...dash });
}

/** The legend, set from the right; as many entries as there is room for. Answers how wide it is. */
function addLegend(card: SVGElement, document: Document, legend: readonly LegendEntry[]): number {
  const y = 55;
  const right = theme.widthPoints - theme.paddingPoints;
  let x = right;
  for (const entry of legend.toReversed()) {
    const name = fitText(entry.name, LEGEND_SIZE, 160);
    const start = x - widthOf(name, LEGEND_SIZE) - SWATCH - 6;
    if (start < theme.widthPoints * 0.42) break;
    card.append(swatch(document, entry, { x: start, y }));
    card.append(text(document, name, { x: start + SWATCH + 6, y, 'font-size': LEGEND_SIZE, fill: theme.muted }));
    x = start - 16;
  }
  return right - x;
}

/** Puts the plot into the card with its title, subtitle and legend; answers the SVG text. */
export function cardOf(document: Document, plot: Element, { title, subtitle, legend }: CardText): string {
  const { widthPoints: width, heightPoints: height, paddingPoints: padding } = theme;
  const card = element(document, 'svg', { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  const ground = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: theme.radiusPoints, fill: theme.ground, stroke: theme.border };
  card.append(element(document, 'rect', ground));
  const legendWidth = addLegend(card, document, legend);
  const heading = { x: padding, y: 34, 'font-size': 17, 'font-weight': 600, fill: theme.ink };
  card.append(text(document, fitText(title, 17, width - 2 * padding), heading));
  if (subtitle !== undefined && subtitle !== '') {
    const below = { x: padding, y: 55, 'font-size': 12.5, fill: theme.muted };
    card.append(text(document, fitText(subtitle, 12.5, width - 2 * padding - legendWidth), below));
  }
  plot.setAttribute('x', String(plotRoom.x));
  plot.setAttribute('y', String(plotRoom.y));
  card.append(plot);
  return card.outerHTML;
}
