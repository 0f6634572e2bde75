/** Names the thing that an action is about, before it is looked up: `ref('vm', 'web-1')`. `id` is an id or a name. */
export interface Ref {
  readonly kind: string;
  readonly id: string;
}

export const ref = (kind: string, id: string): Ref => ({ kind, id });

/** A thing that exists: what a `ResourceKind` finds. The policy decides by `tenant`, `tags` and `owner`. */
export interface Resource {
  readonly kind: string;
  /** Stable, opaque, unique within the kind. */
  readonly id: string;
  /** What people call it; unique within a tenant. */
  readonly name: string;
  /** The tenant it belongs to; `null` for what belongs to no tenant (hosts): seen by all, changed by admins. */
  readonly tenant: string | null;
  readonly tags: readonly string[];
  /** User id of the owner. */
  readonly owner: string | null;
}

export type Role = 'viewer' | 'operator' | 'tenant-admin' | 'admin';

/** Who acts: always a person or a service account, never "the bot". */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly kind: 'person' | 'service';
  readonly role: Role;
  readonly tenant: string;
  /** Present when the actor came with an API token that was issued for some actions only; patterns such as `vm.*`. */
  readonly scopes?: readonly string[];
}

/** The surface that a call came through. */
export type Via = 'slack' | 'http' | 'cli' | 'web' | 'grafana' | 'notebook' | 'mcp' | 'schedule' | 'hub';
