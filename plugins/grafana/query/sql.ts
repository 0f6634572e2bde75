import type { GrafanaContext } from '../config.ts';
import { askDoor } from '../door.ts';
import { encodeFrame, toColumn, type FrameJson } from '../frames.ts';
import { frameAnswer } from './frame-answer.ts';
import type { Range, SqlAsk } from './request.ts';

const timestamp = (at: number): string => `TIMESTAMP '${new Date(at).toISOString().slice(0, 23).replace('T', ' ')}'`;

/** Puts the panel's range into SQL: `$__timeFilter(time)`, `$__from`, `$__to`, `$__stepSeconds`. Only instants of our own making get in. */
export function fillMacros(sql: string, { from, to, maxDataPoints }: Range): string {
  const stepSeconds = Math.max(1, Math.ceil((to - from) / 1000 / maxDataPoints));
  return sql
    .replaceAll(
      /\$__timeFilter\(\s*([\w".]+)\s*\)/g,
      (_, column: string) => `(${column} >= ${timestamp(from)} and ${column} < ${timestamp(to)})`,
    )
    .replaceAll(/\$__from\b/g, () => timestamp(from))
    .replaceAll(/\$__to\b/g, () => timestamp(to))
    .replaceAll(/\$__stepSeconds\b/g, () => String(stepSeconds));
}

export async function sqlFrames(ctx: GrafanaContext, { refId, sql }: SqlAsk, range: Range): Promise<FrameJson[]> {
  const { fields, truncated } = frameAnswer.parse(
    await askDoor(ctx, 'metrics.sql', { sql: fillMacros(sql, range), rowsMax: ctx.config.frames.rowsMax }),
  );
  const notices = truncated ? [{ severity: 'warning' as const, text: `Only the first ${ctx.config.frames.rowsMax} rows are shown.` }] : [];
  return [
    encodeFrame(
      { refId, name: refId, meta: { preferredVisualisationType: 'table', ...(notices.length > 0 && { notices }) } },
      fields.map(toColumn),
    ),
  ];
}
