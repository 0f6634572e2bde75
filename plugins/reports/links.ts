import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from 'novacron/plugin';

/** Links in messages: they open one run, for whoever has them, until they expire. */
export interface Links {
  /** Path and query, below the hub's address. */
  create(run: string, expiresAt: number): string;
  /** HubError `report_link` when it is not one of ours, or has expired. */
  check(run: string, query: URLSearchParams, now: number): void;
}

async function keyIn(dataDir: string): Promise<Buffer> {
  const file = join(dataDir, 'link-key');
  // Whoever is second takes what the first has written.
  await writeFile(file, randomBytes(32), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  return readFile(file);
}

export async function openLinks(dataDir: string): Promise<Links> {
  const key = await keyIn(dataDir);
  const sign = (run: string, expires: string): Buffer => createHmac('sha256', key).update(`${run}\n${expires}`).digest();
  return {
    create(run, expiresAt) {
      const expires = String(Math.ceil(expiresAt / 1000));
      return `/api/v1/reports/shared/${run}?expires=${expires}&signature=${sign(run, expires).toString('base64url')}`;
    },
    check(run, query, now) {
      const expires = query.get('expires') ?? '';
      const given = Buffer.from(query.get('signature') ?? '', 'base64url');
      const expected = sign(run, expires);
      const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
      if (isOurs && Number(expires) * 1000 > now) return;
      throw new HubError('report_link', 'This link is not valid any more. Ask for a new one: report show, with the name of the report.', {
        status: 403,
      });
    },
  };
}
