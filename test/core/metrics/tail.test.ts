import { cp, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeBatch } from '../../../core/metrics/encode.ts';
import { openJournal, type NumberedBatch } from '../../../core/metrics/journal.ts';
import { openStore } from '../../../core/metrics/open.ts';
import { planTables } from '../../../core/metrics/schema.ts';
import type { Store } from '../../../core/metrics/store.ts';
import { METRICS, NEVER, NOW, openBare, openTest, rowsOf, testFolder } from './kit.ts';

const TABLES = planTables([{ plugin: 'monitoring', metrics: METRICS }]);
const SHAPE = TABLES.find(({ table }) => table === 'vm')!;

async function writeScrape(store: Store, scrape: number): Promise<void> {
  const rows = [{ entity: `vm-${scrape}`, values: { cpuRatio: scrape, sent: BigInt(scrape) } }];
  const { names, ...batch } = encodeBatch(SHAPE, { table: 'vm', at: NOW + scrape * 1000, rows });
  await store.tail.write([{ ...batch, names: names! }]);
}

/** Ends a store as a kill would: nothing of the tail is flushed. */
function kill(store: Store): void {
  store.tail.close();
  store.db.closeSync();
}

const open = (dataDir: string): Promise<Store> => openStore({ folder: join(dataDir, 'metrics'), tables: TABLES });

async function seen(dataDir: string): Promise<unknown[][]> {
  await using metrics = await openTest(dataDir);
  return rowsOf(await metrics.sql('select entity, cpuRatio, sent from vm order by time', { signal: NEVER }));
}

const expected = (...scrapes: number[]): unknown[][] => scrapes.map((scrape) => [`vm-${scrape}`, scrape, scrape]);

describe('the tail of what was written', () => {
  test('is in the tables after a kill, once, though only the journal had it', async () => {
    await using folder = await testFolder();
    const store = await open(folder.dataDir);
    for (const scrape of [1, 2, 3]) await writeScrape(store, scrape);
    expect(store.tail.isEmpty).toBe(false);
    kill(store);
    expect(await seen(folder.dataDir)).toEqual(expected(1, 2, 3));
    expect(await seen(folder.dataDir)).toEqual(expected(1, 2, 3));
  });

  test('is not doubled when the kill came after the tables had it and before the journal was used again', async () => {
    await using folder = await testFolder();
    const store = await open(folder.dataDir);
    await writeScrape(store, 1);
    const before = await readFile(join(folder.dataDir, 'metrics', 'journal'));
    await store.tail.flush();
    await writeScrape(store, 2);
    await store.tail.flush();
    kill(store);
    await writeFile(join(folder.dataDir, 'metrics', 'journal'), before);
    expect(await seen(folder.dataDir)).toEqual(expected(1, 2));
  });

  test('is written over from the beginning after a flush; older entries behind the new ones are none', async () => {
    await using folder = await testFolder();
    const store = await open(folder.dataDir);
    for (const scrape of [1, 2, 3]) await writeScrape(store, scrape);
    const { size } = await stat(join(folder.dataDir, 'metrics', 'journal'));
    await store.tail.flush();
    await writeScrape(store, 4);
    expect((await stat(join(folder.dataDir, 'metrics', 'journal'))).size).toBe(size);
    kill(store);
    expect(await seen(folder.dataDir)).toEqual(expected(1, 2, 3, 4));
  });

  test('loses only the entry that a kill has torn', async () => {
    await using folder = await testFolder();
    const store = await open(folder.dataDir);
    for (const scrape of [1, 2, 3]) await writeScrape(store, scrape);
    kill(store);
    const journal = join(folder.dataDir, 'metrics', 'journal');
    await truncate(journal, (await stat(journal)).size - 5);
    expect(await seen(folder.dataDir)).toEqual(expected(1, 2));
  });

  test.each([
    ['a new database', false],
    ['an older copy of the database', true],
  ])('is left alone where the journal is not that of %s', async (_, keepsCopy) => {
    await using folder = await testFolder();
    await using other = await testFolder();
    if (keepsCopy) {
      await (await openBare(folder.dataDir))[Symbol.asyncDispose]();
      await cp(folder.dataDir, other.dataDir, { recursive: true });
    }
    const store = await open(folder.dataDir);
    for (const scrape of [1, 2]) {
      await writeScrape(store, scrape);
      if (keepsCopy) await store.tail.flush();
    }
    kill(store);
    await cp(join(folder.dataDir, 'metrics', 'journal'), join(other.dataDir, 'metrics', 'journal'), { recursive: true });
    expect(await seen(other.dataDir)).toEqual([]);
  });

  test('a batch comes back from the journal as it was given', async () => {
    await using folder = await testFolder();
    const path = join(folder.dataDir, 'journal');
    const batch = (rows: number, more: Partial<NumberedBatch>): NumberedBatch => ({
      table: 'monitoring_vm',
      at: NOW,
      rows,
      columns: ['a', 'b'],
      entityIds: Int32Array.from({ length: rows }, (__, k) => k),
      deviceIds: null,
      values: Float64Array.from({ length: 2 * rows }, (__, k) => k / 3).buffer,
      valid: null,
      ...more,
    });
    const entries = [
      { number: 7, batches: [batch(3, {}), batch(1, { deviceIds: Int32Array.of(9) })] },
      { number: 8, batches: [batch(65, { valid: Uint8Array.from({ length: 32 }, (__, k) => k).buffer })] },
    ];
    const { journal } = openJournal(path);
    for (const entry of entries) journal.append(entry);
    journal.close();
    const again = openJournal(path);
    again.journal.close();
    expect(again.entries).toEqual(entries);
  });
});
