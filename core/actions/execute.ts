import { randomUUID } from 'node:crypto';
import {
  type Actor,
  HubError,
  type Action,
  type Base,
  type Call,
  type Job,
  type Json,
  type Log,
  type Outcome,
  type Plan,
  type Risk,
} from '../contract.ts';
import type { Audit, AuditEntry } from '../audit/audit.ts';
import { asHubError } from '../jobs/failure.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { ConfirmationRule } from '../plugins/hub-config.ts';
import type { Policy } from '../policy/policy.ts';
import { viewOf } from '../surfaces/view.ts';
import { authorize } from './authorize.ts';
import { planHash, sameInput, whoConfirms, type Confirmations, type Pending } from './confirmations.ts';
import { findTarget, type Target } from './find-target.ts';
import { parseInput } from './parse-input.ts';
import type { Registry } from './registry.ts';
import { runRead } from './run-read.ts';

export interface DoorDeps {
  readonly registry: Registry;
  readonly policy: Policy;
  readonly confirmations: Confirmations;
  readonly rules: readonly ConfirmationRule[];
  readonly jobs: Pick<Jobs, 'accept'>;
  readonly audit: Pick<Audit, 'append'>;
  readonly log: Log;
  /** Told how each call ended at the door: the outcome, or the code of the error. */
  called(action: string, end: string): void;
}

/** A call on its way through the stages. */
interface Passing {
  readonly id: string;
  readonly plugin: string;
  readonly action: Action;
  readonly base: Base<unknown, never>;
  readonly input: Json;
  readonly risk: Risk;
  readonly target: Target;
  readonly call: Call;
}

const KEY_LENGTH_MAX = 200;

/**
 * The one door: every call of every surface passes here and nowhere else. The stages, in this order: 1 parse, 2 target, 3 authorize,
 * 4 plan and confirm, 5 reserve the key; then a read runs at once, and a job goes through 6 queue, 7 audit, 8 run, 9 audit, 10 event (../jobs).
 */
export async function execute(
  deps: DoorDeps,
  asked: { readonly id: string; readonly input: unknown; readonly call: Call },
): Promise<Outcome> {
  try {
    const outcome = await pass(deps, asked);
    deps.called(asked.id, outcome.is);
    return outcome;
  } catch (error) {
    const { code } = asHubError(error);
    // Only known actions become labels: what a stranger types must not grow the memory.
    deps.called(code === 'action_unknown' ? 'unknown' : asked.id, code);
    throw error;
  }
}

async function pass(deps: DoorDeps, { id, input: raw, call }: { id: string; input: unknown; call: Call }): Promise<Outcome> {
  const passing = await admit(deps, { id, raw, call });
  if (passing.risk === 'read') return read(deps, passing);
  const decision = await confirm(deps, passing);
  if (decision.is === 'ask') return { is: 'confirm', confirmation: decision.confirmation };
  return { is: 'accepted', job: await accept(deps, { passing, pending: decision.pending }) };
}

/** Whether there is such an action, for this actor. */
export const mayOffer = ({ registry, policy }: DoorDeps, id: string, actor: Actor): boolean =>
  registry.has(id) && policy.mayAnywhere(actor, { id, risk: registry.get(id).action.risk });

/** Stages 1 to 3; a refusal is audited. */
async function admit(deps: DoorDeps, { id, raw, call }: { id: string; raw: unknown; call: Call }): Promise<Passing> {
  if (call.key !== undefined && call.key.length > KEY_LENGTH_MAX)
    throw new HubError('key_too_long', `An idempotency key has at most ${KEY_LENGTH_MAX} characters.`, { status: 400 });
  const { plugin, action, base } = deps.registry.find(id);
  const { input, risk } = await parseInput(action, raw);
  const actor = call.actor;
  if (!deps.policy.mayAnywhere(actor, { id, risk })) {
    const error = new HubError('permission_denied', `${actor.name} (${actor.role}) may not do '${id}'. Ask an admin of ${actor.tenant}.`, {
      status: 403,
    });
    await auditRefusal(deps, { event: 'denied', id, call, target: null, input, error });
    throw error;
  }
  const target = await findTarget(deps.registry, { action, input, actor });
  try {
    authorize(deps.policy, { actor, id, risk, target });
  } catch (error) {
    await auditRefusal(deps, { event: 'denied', id, call, target, input, error: asHubError(error) });
    throw error;
  }
  return { id, plugin, action, base, input, risk, target, call };
}

async function read(deps: DoorDeps, passing: Passing): Promise<Outcome> {
  const { id, action, input, target, call } = passing;
  const audited = (event: 'succeeded' | 'failed', error: HubError | null): void => {
    auditRefusal(deps, { event, id, call, target, input, error }).catch((err: unknown) =>
      deps.log.error({ err, action: id }, 'a read was not audited'),
    );
  };
  try {
    const output = await runRead(passing);
    audited('succeeded', null);
    return { is: 'done', output, view: viewOf(action, output, { input, offers: (other) => mayOffer(deps, other, call.actor) }) };
  } catch (cause) {
    const error = asHubError(cause);
    if (error.code === 'action_failed') deps.log.error({ err: cause, action: id }, 'an action threw what is not a HubError');
    audited('failed', error);
    throw error;
  }
}

type Decision =
  | { readonly is: 'go'; readonly pending: Pending | null }
  | { readonly is: 'ask'; readonly confirmation: Awaited<ReturnType<Confirmations['ask']>> };

/** Stage 4: nobody, the actor or a second person confirms what the plan says; if the world has moved since, they are asked again. */
async function confirm(deps: DoorDeps, passing: Passing): Promise<Decision> {
  const { id, action, base, input, risk, target, call } = passing;
  const by = whoConfirms(deps.rules, { risk, target, asks: action.asks ?? false });
  if (by === 'nobody') return { is: 'go', pending: null };
  const plan = (await action.plan?.({ ...base, actor: call.actor, via: call.via, target }, input)) ?? {
    sentences: [`${action.title}.`],
    facts: {},
  };
  const asked = { id, title: action.title, risk, input, target, by };
  if (call.confirmation === undefined) {
    await auditRefusal(deps, { event: 'unconfirmed', id, call, target, input, error: null });
    return { is: 'ask', confirmation: await deps.confirmations.ask({ ...asked, plan, call }) };
  }
  const pending = await deps.confirmations.find(call.confirmation, call.actor);
  if (pending.action !== id || !sameInput(pending, input))
    throw new HubError(
      'confirmation_mismatch',
      'What was confirmed is something else than what is asked for now. Give the command again.',
      { status: 409 },
    );
  await deps.confirmations.consume(call.confirmation, call.actor);
  if (pending.planHash === planHash({ id, target, input, plan })) return { is: 'go', pending };
  const moved: Plan = { ...plan, sentences: ['Things have changed since this was asked. Now it would be so:', ...plan.sentences] };
  return { is: 'ask', confirmation: await deps.confirmations.ask({ ...asked, plan: moved, call: { ...call, actor: pending.actor } }) };
}

/** Stage 5, and the way into stages 6 to 10. */
function accept(deps: DoorDeps, { passing, pending }: { passing: Passing; pending: Pending | null }): Promise<Job> {
  const { id, plugin, action, input, target, call } = passing;
  const actor = pending?.actor ?? call.actor;
  const queueKey = action.queue ? action.queue(input, actor) : target && `${target.kind}:${target.id}`;
  return deps.jobs.accept({
    id: randomUUID(),
    action: id,
    plugin,
    title: action.title,
    input,
    actor,
    actorId: actor.id,
    via: pending?.via ?? call.via,
    target,
    targetKind: target?.kind ?? null,
    targetId: target?.id ?? null,
    tenant: target?.tenant ?? null,
    queueKey,
    callKey: call.key ?? null,
    confirmedBy: pending && pending.asks === 'second-person' ? call.actor.name : null,
  });
}

interface Refusal {
  readonly event: AuditEntry['event'];
  readonly id: string;
  readonly call: Pick<Call, 'actor' | 'via'>;
  readonly target: Target;
  readonly input: unknown;
  readonly error: HubError | null;
}

/** What ended at the door: refused, unconfirmed, declined, or a read. */
export async function auditRefusal(deps: Pick<DoorDeps, 'audit'>, { event, id, call, target, input, error }: Refusal): Promise<void> {
  const { actor, via } = call;
  await deps.audit.append({
    event,
    actor: { id: actor.id, name: actor.name, tenant: actor.tenant },
    via,
    action: id,
    target: target && { kind: target.kind, id: target.id, name: target.name, tenant: target.tenant },
    jobId: null,
    input: input as Json,
    code: error?.code ?? null,
    message: error?.message ?? null,
  });
}
