// npm run lab:tour [-- --json]: a round through the lab, measured. With --json the last line is one JSON object with all figures.
import { parseArgs } from 'node:util';
import { formatTable } from '../../bench/table.ts';
import type { Extent } from './backup.ts';
import { takeTour, type Tour } from './tour.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const startedAt = performance.now();
const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;

const tour = await takeTour((what) => console.error(`${seconds(performance.now() - startedAt).padStart(7)}  ${what}`));
console.log(values.json ? JSON.stringify({ tour: 'lab', tookMs: performance.now() - startedAt, ...tour }, rounded) : tables(tour));

function rounded(key: string, value: unknown): unknown {
  return typeof value === 'number' && key.endsWith('Ms') ? Math.round(value * 10) / 10 : value;
}

function tables({ hosts, guests, upMs, guestsUpMs, moves, backup, powerFailure, downMs }: Tour): string {
  const lab = {
    title: 'lab',
    columns: ['what', 'took'],
    rows: [
      [`${hosts} hosts up`, seconds(upMs)],
      [`${guests} guests up`, seconds(guestsUpMs)],
      [`full backup`, seconds(backup.fullMs)],
      [`incremental backup: ${kibOf(backup.written)} KiB written, ${kibOf(backup.dirty)} KiB dirty`, seconds(backup.incrementalMs)],
      [`power failure of ${powerFailure.host}: ${powerFailure.lost.length} guests lost`, seconds(powerFailure.crashMs)],
      [`${powerFailure.survivors.length} guests live on; longest gap of one`, seconds(powerFailure.survivorGapMs)],
      [`${powerFailure.host} back: ${powerFailure.definedAgain.length} guests defined`, seconds(powerFailure.backMs)],
      [`${powerFailure.startedAgain.length} guests up again`, seconds(powerFailure.startedAgainMs)],
      ['down', seconds(downMs)],
    ],
  };
  const rows = moves.map((move) => [move.way, `${move.from} to ${move.to}`, seconds(move.tookMs), seconds(move.longestGapMs)]);
  const table = formatTable({ title: 'live migrations', columns: ['way', 'hosts', 'took', 'longest gap'], rows });
  return `${formatTable(lab)}\n\n${table}`;
}

function kibOf(extents: readonly Extent[]): number {
  return extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0) / 1024;
}
