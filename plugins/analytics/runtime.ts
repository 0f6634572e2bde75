import { HubError, type Database, type Resolved } from 'novacron/plugin';
import type { Needs } from './config.ts';
import type { ModelStore } from './forecast/model-store.ts';
import type { Forecasts, Workloads } from './port.ts';

/** What the started plugin consists of. */
export interface Runtime {
  readonly forecasts: Forecasts;
  readonly models: ModelStore;
  readonly workloads: Workloads;
}

// Several hubs may run in one process; the database is what each has for itself.
const runtimes = new WeakMap<Database, Runtime>();

export const setRuntime = (database: Database, runtime: Runtime): void => void runtimes.set(database, runtime);

/** The runtime of the hub that calls. HubError `plugin_unavailable` before it has started. */
export function runtimeOf({ services }: { readonly services: Pick<Resolved<Needs>, 'database'> }): Runtime {
  const runtime = runtimes.get(services.database);
  if (runtime) return runtime;
  throw new HubError('plugin_unavailable', 'The analytics plugin has not started yet. Try again in a moment.', {
    status: 503,
    retryable: true,
  });
}
