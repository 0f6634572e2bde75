import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';
import type { Frame } from '../contract/metrics.ts';
import { writeTrouble } from './write-trouble.ts';
import { readFrame, type FrameOptions } from './frame.ts';

/** What a reader does its work with. */
export interface Reading {
  /** A connection of its own, the same each time, in a read-only transaction unless the task sees to that itself; what memory answers needs none. */
  connect(): Promise<DuckDBConnection>;
  /** Throws when the reading is over; to be called between pieces of work. */
  check(): void;
}

export interface ReadTask<T> {
  readonly transaction?: 'own';
  read(reading: Reading): Promise<T>;
  readonly timeoutMs: number;
}

export interface FrameTask {
  /** Runs first, in the transaction: says the statement, or refuses. */
  plan(connection: DuckDBConnection): Promise<{ readonly sql: string; readonly values: readonly DuckDBValue[] }>;
  readonly timeoutMs: number;
  readonly frame: Omit<FrameOptions, 'check' | 'bytesMax'>;
}

export interface Readers {
  /** Errors: `sql_timeout`, `sql_failed`, `metrics_overloaded`, `metrics_cancelled`. */
  read<T>(id: number, task: ReadTask<T>): Promise<T>;
  cancel(id: number): void;
  /** Resolves when all that read now have ended. */
  idle(): Promise<void>;
}

/** DuckDB runs a statement on one of the process's few I/O threads: more than two at once would starve files, DNS and passwords. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 200;
const ANSWER_BYTES_MAX = 16_000_000;
/** An interrupt that comes between two statements is lost, so it is repeated. */
const INTERRUPT_EVERY_MS = 50;

class Stopper {
  reason: HubError | null = null;
  connection: DuckDBConnection | null = null;
  #timer: NodeJS.Timeout | null = null;

  stop(reason: HubError): void {
    this.reason ??= reason;
    this.connection?.interrupt();
    this.#timer ??= setInterval(() => this.connection?.interrupt(), INTERRUPT_EVERY_MS);
  }

  check(): void {
    if (this.reason !== null) throw this.reason;
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.connection = null;
  }
}

const cancelled = (): HubError => new HubError('metrics_cancelled', 'The query was cancelled.', { status: 499 });

const timedOut = (ms: number): HubError =>
  new HubError(
    'sql_timeout',
    `The query took longer than ${ms / 1000} s and was stopped. Ask for fewer days, or name the day: WHERE day >= current_date - 1.`,
    { status: 408 },
  );

function failed(error: unknown): HubError {
  const known = HubError.is(error) ? error : writeTrouble(error);
  if (known) return known;
  const message = error instanceof Error ? error.message : String(error);
  return new HubError('sql_failed', `DuckDB could not answer: ${message.trim()}`, { status: 400, cause: error });
}

/** One statement whose answer is a frame. */
export const frameTask = ({ plan, timeoutMs, frame }: FrameTask): ReadTask<Frame> => ({
  timeoutMs,
  async read({ connect, check }) {
    const connection = await connect();
    const { sql, values } = await plan(connection);
    check();
    const result = await connection.stream(sql, [...values]);
    return readFrame(result, { ...frame, bytesMax: ANSWER_BYTES_MAX, check });
  },
});

async function open(
  db: DuckDBInstance,
  { transaction }: Pick<ReadTask<unknown>, 'transaction'>,
  stopper: Stopper,
): Promise<DuckDBConnection> {
  const connection = await db.connect();
  stopper.connection = connection;
  if (transaction === undefined) await connection.run('BEGIN TRANSACTION READ ONLY');
  return connection;
}

/** Reads beside the writer: each on a connection of its own, a few at once, the rest wait in line. `ready` is awaited before each, so that it sees what was written. */
export function createReaders(db: DuckDBInstance, ready: () => Promise<void>): Readers {
  const stoppers = new Map<number, Stopper>();
  const running = new Set<Promise<unknown>>();
  const line: (() => void)[] = [];
  let free = AT_ONCE_MAX;

  async function acquire(): Promise<void> {
    if (free > 0) {
      free--;
      return;
    }
    if (line.length >= WAITING_MAX)
      throw new HubError('metrics_overloaded', 'Too many queries wait for the metrics store. Try again in a moment.', {
        status: 503,
        retryable: true,
      });
    await new Promise<void>((resolve) => line.push(resolve));
  }
  function release(): void {
    const next = line.shift();
    if (next) next();
    else free++;
  }
  async function readNow<T>(task: ReadTask<T>, stopper: Stopper): Promise<T> {
    stopper.check();
    const timer = setTimeout(() => stopper.stop(timedOut(task.timeoutMs)), task.timeoutMs);
    let opening: Promise<DuckDBConnection> | undefined;
    const connect = (): Promise<DuckDBConnection> => (opening ??= open(db, task, stopper));
    try {
      return await task.read({ connect, check: () => stopper.check() });
    } catch (error) {
      throw stopper.reason ?? failed(error);
    } finally {
      clearTimeout(timer);
      const { connection } = stopper;
      stopper.end();
      connection?.closeSync();
    }
  }
  async function inTurn<T>(task: ReadTask<T>, stopper: Stopper): Promise<T> {
    await acquire();
    const work = readNow(task, stopper);
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
      release();
    }
  }
  async function read<T>(id: number, task: ReadTask<T>): Promise<T> {
    const stopper = new Stopper();
    stoppers.set(id, stopper);
    try {
      await ready();
      return await inTurn(task, stopper);
    } finally {
      stoppers.delete(id);
    }
  }
  return {
    read,
    cancel: (id) => stoppers.get(id)?.stop(cancelled()),
    async idle() {
      await Promise.allSettled(running);
    },
  };
}
