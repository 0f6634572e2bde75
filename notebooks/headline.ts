import { HEADLINE } from '../plugins/reports/render/outputs.ts';
import { escapeHtml, shownAs, unbroken, type Displayable } from './html.ts';

/** A figure that is worth saying first. Chat and mail say the figures of a report before its link. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: 'good' | 'warn' | 'bad' | 'idle';
}

const COLORS = { good: '#12866f', warn: '#b25e0a', bad: '#c43d3d', idle: '#1d2430' } as const;

function tile({ label, value, note, tone = 'idle' }: Figure): string {
  const below = note === undefined ? '' : `<div style="color:#677184;font-size:12px;margin-top:2px">${escapeHtml(unbroken(note))}</div>`;
  return `<div style="flex:1 1 150px;min-width:150px;background:#fff;border:1px solid #d9dde3;border-radius:10px;padding:12px 16px"><div style="color:#677184;font-size:12px">${escapeHtml(label)}</div><div style="color:${COLORS[tone]};font-size:24px;font-weight:600;letter-spacing:-0.01em;line-height:1.3">${escapeHtml(unbroken(value))}</div>${below}</div>`;
}

/** The figures of a report, as tiles. */
export function headline(...figures: readonly Figure[]): Displayable & { readonly figures: readonly Figure[] } {
  const text = figures.map(({ label, value, note }) => `${label}: ${value}${note === undefined ? '' : ` (${note})`}`).join('\n');
  return shownAs({ figures }, () => ({
    [HEADLINE]: figures,
    'text/html': `<div style="display:flex;flex-wrap:wrap;gap:12px;max-width:800px;font-family:Inter,'Helvetica Neue',Arial,sans-serif">${figures.map(tile).join('')}</div>`,
    'text/plain': text,
  }));
}
