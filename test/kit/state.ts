import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState, type State, type StateOptions } from '../../core/state/state.ts';
import { quietLog, testDatabase, type TestDatabase } from './postgres.ts';

export interface TestState extends AsyncDisposable {
  readonly state: State;
  readonly database: TestDatabase;
  /** An empty folder of its own. */
  readonly dataDir: string;
  /** What another hub on the same database has: its own connections and its own folder. Closed with the rest. */
  another(): Promise<{ readonly state: State; readonly dataDir: string }>;
}

/** The core's tables in a fresh database. */
export async function openTestState(
  options: Partial<Pick<StateOptions, 'log' | 'statementTimeoutMs' | 'connectionsMax'>> & { readonly bare?: boolean } = {},
): Promise<TestState> {
  await using undo = new AsyncDisposableStack();
  const database = undo.use(await testDatabase(options));
  const another = async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'novacron-state-'));
    opened.defer(() => rm(dataDir, { recursive: true, force: true }));
    const { signal } = new AbortController();
    const state = await openState({ log: quietLog, ...options, dataDir, databaseUrl: database.url, signal });
    return { state: opened.use(state), dataDir };
  };
  const opened = undo.move();
  const first = await another();
  return { ...first, database, another, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
