import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { type Actor, HubError, type Resource, type Risk } from '../contract.ts';
import { preparePolicies } from './policy-set.ts';
import { inScope } from './scopes.ts';

export interface PolicyAction {
  readonly id: string;
  readonly risk: Risk;
}

export interface PolicyQuestion {
  readonly actor: Actor;
  readonly action: PolicyAction;
  readonly resource: Resource | { readonly kind: 'hub' } | { readonly kind: 'tenant'; readonly id: string };
}

export interface PolicyAnswer {
  readonly allowed: boolean;
  /** Names of the policies that decided; for the audit and the log, not for the caller. */
  readonly reasons: readonly string[];
}

export interface Policy {
  authorize(question: PolicyQuestion): PolicyAnswer;
  /** Is there anything at all on which the actor may do it? For lists and help; the door asks `authorize`. */
  mayAnywhere(actor: Actor, action: PolicyAction): boolean;
}

const REMEMBERED_MAX = 10_000;

const absent = (value: string | null | undefined): value is null | undefined => value === null || value === undefined;

function thingOf(resource: Exclude<PolicyQuestion['resource'], { kind: 'hub' }>): Record<string, cedar.CedarValueJson> {
  // A tenant is a thing that belongs to itself: what is made in it is asked about it, before it exists.
  if (!('tenant' in resource)) return { id: resource.id, name: resource.id, kind: 'tenant', tenant: resource.id, tags: [] };
  const { id, name, kind, tenant, tags, owner } = resource;
  return { id, name, kind, tags: [...tags], ...(absent(tenant) ? {} : { tenant }), ...(absent(owner) ? {} : { owner }) };
}

function ask(policies: string, { actor, action, resource }: PolicyQuestion): PolicyAnswer {
  const principal = { type: 'User', id: actor.id };
  const isHub = resource.kind === 'hub' && !('id' in resource);
  const target = isHub ? { type: 'Hub', id: 'hub' } : { type: 'Thing', id: `${resource.kind}/${'id' in resource ? resource.id : ''}` };
  const { id, name, kind, role, tenant } = actor;
  const answer = cedar.statefulIsAuthorized({
    principal,
    action: { type: 'Action', id: action.risk },
    resource: target,
    context: { action: action.id },
    preparsedPolicySetId: policies,
    preparsedSchemaName: policies,
    validateRequest: true,
    entities: [
      { uid: principal, attrs: { id, name, kind, role, tenant }, parents: [] },
      { uid: target, attrs: 'id' in resource ? thingOf(resource) : {}, parents: [] },
    ],
  });
  if (answer.type === 'failure') {
    throw new HubError('policy_failed', `The policies could not be asked: ${answer.errors.map(({ message }) => message).join('; ')}.`);
  }
  const { decision, diagnostics } = answer.response;
  // A policy that fails to evaluate is left out by Cedar; were it a forbid, that would open a door. So any error refuses.
  const failed = diagnostics.errors.map(({ policyId }) => `${policyId} failed`);
  return { allowed: decision === 'allow' && failed.length === 0, reasons: [...diagnostics.reason, ...failed] };
}

/** One of each kind of target that the shipped policies tell apart. */
function examplesFor(actor: Actor, action: PolicyAction): PolicyQuestion['resource'][] {
  const kind = action.id.split('.')[0] ?? '';
  const thing = (tenant: string | null, owner: string | null): Resource => ({ kind, id: 'any', name: 'any', tenant, tags: [], owner });
  return [
    thing(actor.tenant, actor.id),
    { kind: 'hub' },
    { kind: 'tenant', id: actor.tenant },
    thing(actor.tenant, null),
    thing(null, null),
  ];
}

/** Cedar, in process; throws `policy_invalid` when the policies do not fit the schema. Extra policies add to the shipped ones. */
export function createPolicy({ extraPolicies }: { readonly extraPolicies?: string } = {}): Policy {
  const policies = preparePolicies(extraPolicies);
  const remembered = new Map<string, boolean>();
  const authorize = (question: PolicyQuestion): PolicyAnswer => {
    if (!inScope(question.actor.scopes, question.action.id)) return { allowed: false, reasons: ['token-scope'] };
    return ask(policies, question);
  };
  return {
    authorize,
    mayAnywhere(actor, action) {
      if (!inScope(actor.scopes, action.id)) return false;
      const key = JSON.stringify([actor.id, actor.role, actor.tenant, actor.kind, action.id, action.risk]);
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const allowed = examplesFor(actor, action).some((resource) => ask(policies, { actor, action, resource }).allowed);
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(key, allowed);
      return allowed;
    },
  };
}
