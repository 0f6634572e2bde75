import type { DuckDBConnection } from '@duckdb/node-api';
import type { Dictionary } from './dictionary.ts';
import type { BatchNames, EncodedBatch } from './encode.ts';
import { openJournal, type Entry, type NumberedBatch } from './journal.ts';
import { appendEntries, type Target } from './write.ts';

/**
 * What was written last. A scrape is durable as soon as it stands in the journal; many of them together, or all when somebody reads, go into DuckDB's tables, which
 * takes a third of the work of one transaction each. Calls must not overlap.
 */
export interface Tail {
  /** The batches are durable when it resolves, all of them or none. */
  write(batches: readonly NamedBatch[]): Promise<void>;
  /** Until it is flushed, readers do not see all. */
  readonly isEmpty: boolean;
  /** Everything that was written is in the tables. */
  flush(): Promise<void>;
  close(): void;
}

/** A batch with its names; its columns are the first of its table's shape, in that order. */
export type NamedBatch = EncodedBatch & { readonly names: BatchNames };

/** As much may wait for its tables. Above about this size DuckDB writes rows to their place at once, instead of into its log first; a start after a kill reads it. */
const BYTES_MAX = 24_000_000;

interface Base extends Target {
  readonly entities: Dictionary;
  readonly devices: Dictionary;
  /** The file of the journal. */
  readonly journal: string;
}

/** The ids of names; most batches have the names of the one before, the very same arrays. */
function createNumbers(dictionary: Dictionary): (names: readonly string[]) => Int32Array {
  const remembered = new WeakMap<readonly string[], Int32Array>();
  return (names) => {
    const ids = remembered.get(names) ?? dictionary.ids(names);
    remembered.set(names, ids);
    return ids;
  };
}

/** New names are durable before anything that uses their numbers. */
async function saveNames(dictionary: Dictionary, connection: DuckDBConnection): Promise<void> {
  try {
    await dictionary.save(connection);
  } catch (error) {
    dictionary.forget();
    throw error;
  }
  dictionary.keep();
}

async function lastAppended(connection: DuckDBConnection): Promise<number> {
  const reader = await connection.runAndReadAll('SELECT number::DOUBLE FROM hot.appended');
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

/** The entries that a kill kept from the tables. A journal that does not go on where the tables end belongs to another database, whose names have other numbers. */
function missedAfter(last: number, entries: readonly Entry[]): Entry[] {
  const isOurs = entries.length > 0 && entries[0]!.number <= last + 1;
  return isOurs ? entries.filter(({ number }) => number > last) : [];
}

/** Opens the journal, and brings into the tables what a kill kept from them. `isNew`: the database was empty, so that no journal is of it. */
export async function openTail(store: Base, { isNew }: { isNew: boolean }): Promise<Tail> {
  const { journal, entries } = openJournal(store.journal);
  let last = await lastAppended(store.writer);
  const missed = isNew ? [] : missedAfter(last, entries);
  if (missed.length > 0) await appendEntries(store, missed);
  last = missed.at(-1)?.number ?? last;
  let waiting: Entry[] = [];
  let numbers = { entity: createNumbers(store.entities), device: createNumbers(store.devices) };

  function numbered(batch: NamedBatch): NumberedBatch {
    const { names, ...rest } = batch;
    const table = store.tables.get(batch.table);
    if (table === undefined) throw new TypeError(`no table ${batch.table}`);
    const declared = table.shape.columns.filter(({ unit }) => unit !== null);
    return {
      ...rest,
      columns: declared.map(({ name }) => name),
      entityIds: numbers.entity(names.entities),
      deviceIds: table.shape.hasDevice ? numbers.device(names.devices) : null,
    };
  }
  async function number(batches: readonly NamedBatch[]): Promise<NumberedBatch[]> {
    const all = batches.map(numbered);
    try {
      for (const dictionary of [store.entities, store.devices]) await saveNames(dictionary, store.writer);
    } catch (error) {
      numbers = { entity: createNumbers(store.entities), device: createNumbers(store.devices) };
      throw error;
    }
    return all;
  }
  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    await appendEntries(store, waiting);
    waiting = [];
    journal.rewind();
  }
  return {
    get isEmpty() {
      return waiting.length === 0;
    },
    flush,
    async write(batches) {
      if (journal.bytes >= BYTES_MAX) await flush();
      const entry = { number: last + 1, batches: await number(batches) };
      journal.append(entry);
      last = entry.number;
      waiting.push(entry);
    },
    close: () => journal.close(),
  };
}
