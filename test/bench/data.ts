import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { BenchOptions, BenchResult } from './main.ts';

/** The text of a file of the data folder, or what to say when it is not there: the bench is skipped then, not failed. */
export async function readData(options: BenchOptions, path: string): Promise<{ text: string } | { skipped: BenchResult }> {
  if (options.data === undefined) return { skipped: skipped(`no data folder was named: give --data DIR with ${path} in it`) };
  try {
    const bytes = await readFile(join(options.data, path));
    return { text: (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { skipped: skipped(`${join(options.data, path)} is missing`) };
    throw error;
  }
}

const skipped = (reason: string): BenchResult => ({ figures: { skipped: reason }, aims: [] });
