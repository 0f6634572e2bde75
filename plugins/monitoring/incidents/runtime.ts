import { HubError, type Clock, type Database, type Duty, type Picture } from 'novacron/plugin';
import type { Channel, Signal } from '../port.ts';
import type { Desk } from './desk.ts';
import type { Policy } from './policy.ts';
import type { Pulse } from './pulse.ts';
import type { IncidentRecord } from './record.ts';
import type { Store } from './store.ts';

/** What a rule is to the routes, whether it has spoken or not. */
export type RuleFacts = Pick<Signal, 'rule' | 'severity' | 'subject' | 'labels'>;

/** The incidents of one hub. */
export interface IncidentsRuntime {
  readonly desk: Desk;
  readonly store: Store;
  readonly policy: Policy;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly pulse: Pulse;
  readonly clock: Clock;
  /** `fence`: of the duty of which the signals come. */
  raise(signals: readonly Signal[], fence?: Duty['fence']): Promise<void>;
  draw(record: IncidentRecord, signal: AbortSignal): Promise<Picture | null>;
  /** Says that something is due: the loop need not wait for its next look. */
  wake(): void;
  /** Rules that routes should reach somebody for, beside those that have spoken already. */
  readonly ruleSources: Set<() => Promise<readonly RuleFacts[]>>;
}

// Several hubs may run in one process; the database is what each has for itself.
const runtimes = new WeakMap<Database, IncidentsRuntime>();

export const setIncidents = (database: Database, runtime: IncidentsRuntime): void => void runtimes.set(database, runtime);

/** The incidents of the hub that calls. */
export function incidentsOf({ services }: { readonly services: { readonly database: Database } }): IncidentsRuntime {
  const runtime = runtimes.get(services.database);
  if (runtime) return runtime;
  throw new HubError('plugin_unavailable', 'The monitoring plugin has not started yet. Try again in a moment.', {
    status: 503,
    retryable: true,
  });
}
