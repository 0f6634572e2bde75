import { HubError, type Clock, type Database, type Log, type Resolved } from 'novacron/plugin';
import type { Config, Needs } from './config.ts';
import type { Library } from './library.ts';
import type { Links } from './links.ts';
import type { Posts } from './posts.ts';
import type { Store } from './store.ts';

/** What a started plugin consists of. */
export interface Runtime {
  readonly config: Config;
  readonly services: Resolved<Needs>;
  readonly library: Library;
  readonly links: Links;
  readonly store: Store;
  readonly posts: Posts;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder of the files of runs, a folder a run. */
  readonly runsDir: string;
  readonly projectDir: string;
}

// Several hubs may run in one process; the database is what each has for itself.
const runtimes = new WeakMap<Database, Runtime>();

export const setRuntime = (runtime: Runtime): void => void runtimes.set(runtime.services.database, runtime);

/** The runtime of the hub that calls. */
export function runtimeOf({ services }: { readonly services: Pick<Resolved<Needs>, 'database'> }): Runtime {
  const runtime = runtimes.get(services.database);
  if (runtime !== undefined) return runtime;
  throw new HubError('plugin_unavailable', 'The reports have not started yet. Try again in a moment.', { status: 503, retryable: true });
}
