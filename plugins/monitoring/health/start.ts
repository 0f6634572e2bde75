import { HubError, type Database, type Duty, type Resolved, type StartContext } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import type { Signal } from '../port.ts';
import { createHealthWatch, type HealthWatch } from './watch.ts';

const watches = new WeakMap<Database, HealthWatch>();

/** The watch of the hub that calls. */
export function healthOf({ services }: { readonly services: Pick<Resolved<Needs>, 'database'> }): HealthWatch {
  const watch = watches.get(services.database);
  if (watch) return watch;
  throw new HubError('plugin_unavailable', 'The monitoring plugin has not started yet. Try again in a moment.', {
    status: 503,
    retryable: true,
  });
}

/** Begins to ask services and the hub itself; `raise` gets what is down and what is well again. */
export function startHealth(
  { config, services, log, clock, signal, defer }: StartContext<Config, Needs>,
  { raise }: { readonly raise: (signals: readonly Signal[]) => Promise<void> },
): HealthWatch {
  let saysServices = false;
  const watch = createHealthWatch({ config: config.health, hub: services.hub, raise, saysServices: () => saysServices, clock, log });
  watches.set(services.database, watch);
  const stop = new AbortController();
  const stopping = AbortSignal.any([signal, stop.signal]);
  const say = async (duty: Duty): Promise<void> => {
    saysServices = true;
    if (!duty.signal.aborted) await new Promise((resolve) => duty.signal.addEventListener('abort', resolve, { once: true }));
    saysServices = false;
  };
  const running = Promise.all([watch.run(stopping), services.duties.keep('health', say, stopping)]);
  defer(async () => {
    stop.abort();
    await running;
  });
  return watch;
}
