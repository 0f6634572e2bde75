import { HubError, type Action, type Actor, type Json, type Resource } from '../contract.ts';
import type { Registry } from './registry.ts';

/** What an action is about: a thing, a tenant, or the hub itself. */
export type Target = Resource | null;

/** Stage 2: looks up what the input names. `undefined`: there is no such thing (said only after stage 3 would have said the same). */
export async function findTarget(
  registry: Registry,
  { action, input, actor }: { action: Action; input: Json; actor: Actor },
): Promise<Target> {
  const ref = action.target?.(input, actor);
  if (ref === undefined) return null;
  if (ref.kind === 'tenant') return { kind: 'tenant', id: ref.id, name: ref.id, tenant: ref.id, tags: [], owner: null };
  const { kind, base } = registry.kind(ref.kind);
  const found = await kind.get(base, ref.id, { tenant: actor.role === 'admin' ? null : actor.tenant });
  if (found === undefined) throw noSuch(ref.kind, ref.id);
  return found;
}

export const noSuch = (kind: string, id: string): HubError =>
  new HubError(`${kind.replaceAll('-', '_')}_unknown`, `There is no ${kind} '${id.slice(0, 100)}' here, or it is not yours to see.`, {
    status: 404,
  });
