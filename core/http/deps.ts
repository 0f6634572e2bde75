import type { Registry } from 'prom-client';
import type { Clock, Log, Panel } from '../contract/declare.ts';
import type { Actions, Events, Jobs, Metrics, Resources } from '../contract/services.ts';
import type { Actor } from '../contract/things.ts';
import type { Verified } from '../audit/verify.ts';
import type { Identity } from '../identity/identity.ts';
import type { Declared } from '../surfaces/openapi.ts';

/** What HTTP asks of core/identity. */
export type HttpIdentity = Pick<
  Identity,
  'signIn' | 'refresh' | 'signOut' | 'redeemSignInLink' | 'createLinkCode' | 'verifyAccess' | 'verifyApiToken'
>;

/** What HTTP asks of core/audit; both are refused by `mayReadAudit` first. */
export interface HttpAudit {
  exportTo(write: (line: string) => Promise<void>): Promise<void>;
  verify(): Promise<Verified>;
  mayRead(actor: Actor): boolean;
}

export interface HealthReport {
  /** False: the hub cannot work (its database is gone); `/readyz` answers 503. */
  readonly ready: boolean;
  /** Sentences: why it is not ready, or what is degraded. */
  readonly reasons: readonly string[];
}

export interface HttpLimits {
  /** Bytes of a request body. Default 1 MiB. */
  readonly bodyBytesMax: number;
  /** Requests of one address in a minute. Default 6,000. */
  readonly addressPerMinuteMax: number;
  /** Requests of one actor in a minute. Default 3,000. */
  readonly actorPerMinuteMax: number;
  /** Sign-ins, refreshes and refused tokens of one address in a minute. Default 30. */
  readonly authPerMinuteMax: number;
  /** Streams (SSE and WebSocket) of the whole hub. Default 500. */
  readonly streamsMax: number;
  /** Streams of one actor. Default 20. */
  readonly streamsPerActorMax: number;
  /** A client that takes nothing for so long is closed. Default 15 s. */
  readonly slowClientMs: number;
  /** Bytes that may wait for one slow client before samples are left out. Default 1 MiB. */
  readonly clientBytesMax: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  bodyBytesMax: 1024 * 1024,
  addressPerMinuteMax: 6000,
  actorPerMinuteMax: 3000,
  authPerMinuteMax: 30,
  streamsMax: 500,
  streamsPerActorMax: 20,
  slowClientMs: 15_000,
  clientBytesMax: 1024 * 1024,
};

export interface HttpConfig {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** How people reach the hub when a proxy stands in front. */
  readonly publicUrl?: string | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
}

export interface HttpDeps {
  readonly config: HttpConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
  readonly actions: Actions;
  readonly jobs: Jobs;
  readonly events: Events;
  readonly metrics: Pick<Metrics, 'latest' | 'onWrite'>;
  readonly resources: Resources;
  readonly identity: HttpIdentity;
  readonly audit: HttpAudit;
  /** All declared actions, for the OpenAPI document. */
  declared(): readonly Declared[];
  panels(): readonly (Panel & { readonly id: string })[];
  /** Folders of built static files by the path they are served at. */
  readonly pages: ReadonlyMap<string, URL>;
  health(): Promise<HealthReport>;
  /** Metrics of the hub itself; HTTP adds its own to it. */
  readonly registry: Registry;
}
