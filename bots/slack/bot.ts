import type { webApi } from '@slack/bolt';
import type { Actions, Actor, Clock, Database, Events, Jobs, Log, Resources, Users } from 'novacron/plugin';

/** What the handlers share. */
export interface Bot {
  readonly client: webApi.WebClient;
  readonly actions: Actions;
  readonly jobs: Jobs;
  readonly events: Events;
  readonly users: Users;
  readonly resources: Resources;
  readonly database: Database;
  readonly log: Log;
  readonly clock: Clock;
  /** Fires when the hub stops. */
  readonly signal: AbortSignal;
  /** Address of the hub's page. */
  readonly hubUrl: () => string;
}

/** Who asked, looked up at this moment, and where the answer goes. */
export interface Asker {
  readonly actor: Actor;
  readonly workspace: string;
  /** Chat user id. */
  readonly user: string;
  /** `null`: the Home tab. */
  readonly channel: string | null;
  readonly threadTs: string | null;
  /** Message of the pressed button. */
  readonly messageTs: string | null;
  readonly responseUrl: string | null;
  readonly triggerId: string | null;
  /** The same for a redelivered envelope. */
  readonly key: string;
}
