import { stat } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { DuckDBConnection } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';
import type { LatestSample, Unit } from '../contract/metrics.ts';
import { writeTrouble } from './write-trouble.ts';
import { createNameKeeper } from './encode.ts';
import { importStaged } from './import.ts';
import type { StoreTable } from './migrate.ts';
import { closeStore, openStore } from './open.ts';
import type { ErrorData, Operation, Operations, Reply, Request, StoreStats, WorkerOptions } from './protocol.ts';
import { planQuery, unitOf } from './query-sql.ts';
import { createReaders, frameTask, type Readers } from './read.ts';
import type { Column, TableShape } from './schema.ts';
import { readCatalogue, retainFrom, sealBefore } from './sealed.ts';
import { isRollup } from './rollup.ts';
import { guardSql } from './sql-guard.ts';
import { openViews } from './sql-views.ts';
import { ident } from './sql-text.ts';
import type { Store } from './store.ts';
import { shownCell, type SealedFile } from './views.ts';
import { createTargetKeeper, withoutNames, type SentMatrix } from './windows/target-lists.ts';
import { readSteadily } from './windows/windows.ts';

/** The thread that owns the DuckDB instance: writes one after the other, sealing and imports one after the other, reads beside them. */

const QUERY_TIMEOUT_MS = 30_000;
const WINDOWS_TIMEOUT_MS = 120_000;
const QUERY_ROWS_MAX = 50_000;

/** Runs what it is given one after the other; a failure does not stop the next. */
function createLane(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.then(
      () => null,
      () => null,
    );
    return next;
  };
}

type Handlers = { readonly [K in Operation]: (ask: Operations[K]['ask'], id: number) => Promise<Operations[K]['answer']> };

function tableOf(store: Store, name: string): StoreTable {
  const table = store.tables.get(name);
  if (table === undefined) throw new TypeError(`no table ${name}`);
  return table;
}

function columnOf(shape: TableShape, name: string): Column & { unit: Unit } {
  const found = shape.columns.find((one) => one.name === name);
  if (!found?.unit) throw new TypeError(`no column ${name}`);
  return { ...found, unit: found.unit };
}

async function latestOf(store: Store, table: StoreTable): Promise<LatestSample[]> {
  const { shape } = table;
  const columns = shape.columns.filter((column) => column.unit !== null);
  const cells = columns.map((column) => `, (${shownCell(column)})::DOUBLE`).join('');
  const device = shape.hasDevice ? ', dev.name' : ', NULL';
  const key = shape.hasDevice ? 'entity_id, device_id' : 'entity_id';
  const source = `hot.${ident(shape.name)}`;
  const reader = await store.keeper.runAndReadAll(
    `SELECT epoch_ms(ts)::DOUBLE, ent.name${device}${cells} FROM (
       SELECT * FROM ${source} WHERE ts > (SELECT max(ts) FROM ${source}) - INTERVAL 1 HOUR
       QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY ts DESC) = 1
     ) newest JOIN hot.entity ent ON ent.id = entity_id${shape.hasDevice ? ' JOIN hot.device dev ON dev.id = device_id' : ''}`,
  );
  return reader.getRows().map(([at, entity, device, ...values]) => ({
    table: shape.table,
    entity: String(entity),
    ...(device !== null && { device: String(device) }),
    at: Number(at),
    values: Object.fromEntries(columns.map((column, index) => [column.name, values[index] as number | null])),
  }));
}

async function statsOf(store: Store): Promise<StoreStats> {
  let hotRows = 0;
  for (const name of store.tables.keys()) {
    const reader = await store.keeper.runAndReadAll(`SELECT count(*)::DOUBLE FROM hot.${ident(name)}`);
    hotRows += Number(reader.getRows()[0]?.[0]);
  }
  const [rollups = [], samples = []] = [true, false].map((wanted) => store.sealed.filter(({ table }) => isRollup(table) === wanted));
  const sum = (files: readonly SealedFile[], of: 'rows' | 'bytes'): number => files.reduce((total, file) => total + file[of], 0);
  const hotBytes = (await stat(store.folders.database)).size;
  return {
    hotRows,
    hotBytes,
    sealedRows: sum(samples, 'rows'),
    sealedBytes: sum(samples, 'bytes'),
    sealedFiles: samples.length,
    rollupBytes: sum(rollups, 'bytes'),
  };
}

type Lane = ReturnType<typeof createLane>;

interface Running {
  readonly readers: Readers;
  readonly asWrite: Lane;
  /** Resolves when the tables have all that was written. */
  fresh(): Promise<void>;
  /** The import that the keeper is at: only then may it be interrupted. */
  readonly importing: Set<number>;
}

function handlersOf(store: Store, { readers, importing, asWrite, fresh }: Running): Handlers {
  const inOrder = createLane();
  const asKeeper: Lane = (work) => inOrder(async () => (await fresh(), work()));
  const named = createNameKeeper();
  const targetsOf = createTargetKeeper();
  const views = [...store.tables.values()].flatMap((table) => table.shape.views.toReversed());
  return {
    async write({ batches }) {
      const whole = batches.map(named);
      await asWrite(() => store.tail.write(whole));
      return null;
    },
    query({ table, column, query }, id) {
      const { shape } = tableOf(store, table);
      const found = columnOf(shape, column);
      const frame = { rowsMax: QUERY_ROWS_MAX, times: ['time'], units: { value: unitOf(found.unit, query.aggregate) } };
      const plan = async (connection: DuckDBConnection) => {
        const files = (await readCatalogue(connection, store.folders.sealed)).filter((file) => file.table === table);
        return planQuery({ shape, column: found, files }, query);
      };
      return readers.read(id, frameTask({ plan, timeoutMs: QUERY_TIMEOUT_MS, frame }));
    },
    windows({ table, column, query }, id) {
      const { shape } = tableOf(store, table);
      const targets = targetsOf(query.targets);
      const task = { shape, column: columnOf(shape, column), query: { ...query, targets } };
      return readers.read(id, {
        timeoutMs: WINDOWS_TIMEOUT_MS,
        transaction: 'own',
        read: async (reading) => withoutNames(await readSteadily(store, reading, task), targets),
      });
    },
    sql({ text, timeoutMs, rowsMax }, id) {
      const plan = async (connection: DuckDBConnection) => {
        await openViews(store, connection, await guardSql(connection, text, views));
        return { sql: text, values: [] };
      };
      return readers.read(id, frameTask({ plan, timeoutMs, frame: { rowsMax } }));
    },
    import({ table, path, format }, id) {
      return asKeeper(async () => {
        importing.add(id);
        try {
          return await importStaged(store, { table: tableOf(store, table), path, format, asWrite });
        } finally {
          importing.delete(id);
        }
      });
    },
    seal({ before, retainFrom: oldest }) {
      return asKeeper(async () => {
        const days = await sealBefore(store, before);
        if (oldest !== null) await retainFrom(store, oldest, () => readers.idle());
        return { days };
      });
    },
    latest: ({ table }) => asKeeper(() => latestOf(store, tableOf(store, table))),
    stats: () => asKeeper(() => statsOf(store)),
    async close() {
      await asKeeper(() => asWrite(() => readers.idle()));
      await closeStore(store);
      return null;
    },
  };
}

function errorData(error: unknown): ErrorData {
  const known = HubError.is(error) ? error : writeTrouble(error);
  if (known) return { code: known.code, message: known.message, status: known.status, retryable: known.retryable };
  const message = error instanceof Error ? error.message : String(error);
  return { code: null, message, status: 500, retryable: false };
}

const isMatrix = (answer: unknown): answer is SentMatrix => typeof answer === 'object' && answer !== null && 'steps' in answer;

async function answer(handlers: Handlers, cancel: (id: number) => void, request: Request): Promise<void> {
  const send = (reply: Reply): void => parentPort?.postMessage(reply, []);
  if (request.is === 'cancel') return cancel(request.id);
  try {
    const handle = handlers[request.is] as (ask: unknown, id: number) => Promise<unknown>;
    const answer = await handle(request, request.id);
    // What is large is moved, not copied.
    const transfer = isMatrix(answer) ? [answer.values.buffer as ArrayBuffer] : [];
    parentPort?.postMessage({ id: request.id, answer } satisfies Reply, transfer);
  } catch (error) {
    send({ id: request.id, error: errorData(error) });
  }
}

/** Request 0 is the opening itself. */
async function main(options: WorkerOptions): Promise<void> {
  try {
    const store = await openStore(options);
    const asWrite = createLane();
    const fresh = async (): Promise<void> => {
      if (!store.tail.isEmpty) await asWrite(() => store.tail.flush());
    };
    const readers = createReaders(store.db, fresh);
    const importing = new Set<number>();
    const handlers = handlersOf(store, { readers, importing, asWrite, fresh });
    const cancel = (id: number): void => {
      readers.cancel(id);
      if (importing.has(id)) store.keeper.interrupt();
    };
    parentPort?.on('message', (request: Request) => void answer(handlers, cancel, request));
    parentPort?.postMessage({ id: 0, answer: null } satisfies Reply, []);
  } catch (error) {
    parentPort?.postMessage({ id: 0, error: errorData(error) } satisfies Reply, []);
  }
}

await main(workerData as WorkerOptions);
