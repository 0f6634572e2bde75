import { expect, test } from 'vitest';
import type { Extent } from './backup.ts';
import { takeTour } from './tour.ts';

const TOUR_TIMEOUT_MS = 400_000;
const contains = (whole: Extent, part: Extent): boolean =>
  whole.offsetBytes <= part.offsetBytes && part.offsetBytes + part.lengthBytes <= whole.offsetBytes + whole.lengthBytes;
const bytesOf = (extents: readonly Extent[]): number => extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);

test(
  'twelve guests on three hosts move in five ways, are backed up by what changed, and outlive the power failure of one host',
  { timeout: TOUR_TIMEOUT_MS },
  async () => {
    const said: string[] = [];
    const { moves, backup, powerFailure, ...tour } = await takeTour((what) => said.push(what));
    expect(tour).toMatchObject({ hosts: 3, guests: 12, isGone: true });

    expect(moves.map(({ way, from, to }) => `${way}: ${from} to ${to}`)).toEqual([
      'plain: h1 to h2',
      'TLS: h2 to h1',
      'with storage: h1 to h2',
      'post-copy, busy guest: h1 to h2',
      'plain, link of 50 ms and 1 % loss: h2 to h1',
    ]);
    for (const { echoesSent, echoesAnswered, longestGapMs } of moves) {
      expect(echoesAnswered).toBeGreaterThan(echoesSent / 2);
      expect(longestGapMs).toBeLessThan(5000);
    }

    for (const part of backup.written) expect(backup.dirty.some((extent) => contains(extent, part))).toBe(true);
    expect(backup.rightBytes).toBe(bytesOf(backup.written));
    // The bitmap knows blocks of 64 KiB; nothing but the small write is in one that is larger than it.
    expect(bytesOf(backup.dirty)).toBeLessThan(bytesOf(backup.written) + 64 * 1024);

    // What was booted there, and g4, which moved there with its disk.
    const lost = ['g11', 'g2', 'g4', 'g5', 'g8'];
    expect(powerFailure).toMatchObject({ host: 'h2', lost, definedAgain: lost, startedAgain: lost });
    expect(powerFailure.survivors).toEqual(['g1', 'g10', 'g12', 'g3', 'g6', 'g7', 'g9']);
    expect(said.at(-1)).toBe('the lab goes down');
  },
);
