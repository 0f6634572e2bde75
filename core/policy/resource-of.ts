import type { Resource } from '../contract.ts';

/** What a target is to the policy: a thing, a tenant, or the hub itself. */
export const resourceOf = (target: Resource | null) =>
  target === null ? { kind: 'hub' as const } : target.kind === 'tenant' ? { kind: 'tenant' as const, id: target.id } : target;
