import type { Registry } from 'prom-client';
import type { Base, Clock, Endpoint, Log, Panel } from '../contract/declare.ts';
import type { Actions, Events, Jobs, Metrics, Resources } from '../contract/services.ts';
import type { Actor } from '../contract/things.ts';
import type { Verified } from '../audit/verify.ts';
import type { Identity } from '../identity/identity.ts';
import type { HttpLimits } from '../plugins/hub-config.ts';
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

export interface HttpConfig {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** How people reach the hub when a proxy stands in front. */
  readonly publicUrl?: string | undefined;
  /** Addresses and CIDR ranges; default: nobody is believed. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
}

/** An endpoint as its plugin declared it; `key` is `GET /runs/:id`. */
export interface DeclaredEndpoint {
  readonly plugin: string;
  readonly key: string;
  readonly endpoint: Endpoint;
  /** What the plugin's functions get; HubError `plugin_unavailable` when it does not run. */
  base(): Base<unknown, never>;
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
  readonly endpoints: readonly DeclaredEndpoint[];
  /** Folders of built static files by the path they are served at. */
  readonly pages: ReadonlyMap<string, URL>;
  health(): Promise<HealthReport>;
  /** Metrics of the hub itself; HTTP adds its own to it. */
  readonly registry: Registry;
}
