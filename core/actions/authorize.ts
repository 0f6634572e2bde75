import { HubError, type Actor, type Risk } from '../contract.ts';
import type { Policy } from '../policy/policy.ts';
import { resourceOf } from '../policy/resource-of.ts';
import { noSuch, type Target } from './find-target.ts';

export interface Question {
  readonly actor: Actor;
  readonly id: string;
  readonly risk: Risk;
  readonly target: Target;
}

/** Stage 3. Who may not even see the target learns nothing of it; who may is told that this is not theirs to do. */
export function authorize(policy: Policy, { actor, id, risk, target }: Question): void {
  const resource = resourceOf(target);
  if (policy.authorize({ actor, action: { id, risk }, resource }).allowed) return;
  if (target !== null && target.kind !== 'tenant') {
    const see = policy.authorize({ actor, action: { id: `${target.kind}.get`, risk: 'read' }, resource });
    if (!see.allowed) throw noSuch(target.kind, target.name);
  }
  const on = target === null ? '' : ` on ${target.kind} '${target.name}'`;
  throw new HubError('permission_denied', `${actor.name} (${actor.role}) may not do '${id}'${on}. Ask an admin of ${actor.tenant}.`, {
    status: 403,
  });
}
