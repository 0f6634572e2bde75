import { fitMiddle, widthOf } from './text.ts';
import { theme } from './theme.ts';

export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  readonly kind: 'line' | 'dashed' | 'band';
}

/** An entry and where it stands: `x` of its swatch, `y` of its text's line. */
export interface PlacedEntry extends LegendEntry {
  readonly x: number;
  readonly y: number;
}

export interface PlacedLegend {
  readonly entries: readonly PlacedEntry[];
  /** Room that rows below the subtitle take. */
  readonly heightPoints: number;
  /** Room that is taken from the subtitle's own line. */
  readonly widthPoints: number;
}

export const LEGEND_SIZE = 12;
export const SWATCH = { width: 18, gap: 6 } as const;
const NAME_WIDTH_MAX = 210;
const ENTRY_GAP = 18;
const ROW_HEIGHT = 18;

const fit = ({ name, ...rest }: LegendEntry): LegendEntry & { width: number } => {
  const shown = fitMiddle(name, LEGEND_SIZE, NAME_WIDTH_MAX);
  return { ...rest, name: shown, width: SWATCH.width + SWATCH.gap + widthOf(shown, LEGEND_SIZE) };
};

/** To the right of the subtitle where there is room for all, else in rows of its own below it: no entry is ever left out. */
export function placeLegend(
  legend: readonly LegendEntry[],
  { subtitleWidth, subtitleY }: { subtitleWidth: number; subtitleY: number },
): PlacedLegend {
  const entries = legend.map(fit);
  const left = theme.paddingPoints;
  const right = theme.widthPoints - theme.paddingPoints;
  const total = entries.reduce((sum, { width }) => sum + width + ENTRY_GAP, -ENTRY_GAP);
  const isBeside = total <= right - left - subtitleWidth - ENTRY_GAP;
  let x = isBeside ? right - total : left;
  let y = isBeside ? subtitleY : subtitleY + (subtitleWidth > 0 ? ROW_HEIGHT : 0);
  const placed = entries.map(({ width, ...entry }): PlacedEntry => {
    if (x > left && x + width > right + 1) {
      x = left;
      y += ROW_HEIGHT;
    }
    const at = { ...entry, x, y };
    x += width + ENTRY_GAP;
    return at;
  });
  return { entries: placed, heightPoints: y - subtitleY, widthPoints: isBeside && entries.length > 0 ? total + ENTRY_GAP : 0 };
}
