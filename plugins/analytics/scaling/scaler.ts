import { HubError, type Actions, type Actor, type Clock, type Json, type Log, type Metrics } from 'novacron/plugin';
import { formatValue } from '../../charts/port.ts';
import type { Hypervisor, VmStatus } from '../../hypervisor/port.ts';
import { partsOf } from '../metric-history.ts';
import type { Forecasts } from '../port.ts';
import type { Recommendation } from '../recommendations/recommendation.ts';
import type { RecommendationStore } from '../recommendations/store.ts';
import { shouldAct, type Decision, type ScalingPolicy } from './policy.ts';
import type { KeptDecision, ScalingStore } from './store.ts';

/** A policy decides about no more VMs at one look, since each costs a forecast; the others are for the next looks. */
const VMS_MAX = 50;
/** Of a horizon, so that it is judged. */
const MEASURED_MIN = 0.5;

export interface ScalerOptions {
  readonly hypervisor: Pick<Hypervisor, 'vms'>;
  readonly metrics: Pick<Metrics, 'query'>;
  readonly forecasts: Pick<Forecasts, 'probabilityOfLimit'>;
  readonly actions: Pick<Actions, 'execute' | 'confirm'>;
  readonly store: ScalingStore;
  readonly recommendations: Pick<RecommendationStore, 'offer'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Judges what is due, then decides for each VM whose last decision is. Looks may overlap and be repeated after a crash. */
export async function scale(options: ScalerOptions, signal: AbortSignal): Promise<void> {
  await judgeDue(options, signal);
  for (const policy of await options.store.policies(null))
    try {
      await scaleOne(policy, options, signal);
    } catch (error) {
      signal.throwIfAborted();
      options.log.warn({ err: error, policy: policy.name }, 'a scaling policy could not be followed');
    }
}

const stepOf = ({ horizonSeconds }: ScalingPolicy): number => (horizonSeconds <= 6 * 3600 ? 300 : 3600);

async function judgeDue({ store, metrics, clock }: ScalerOptions, signal: AbortSignal): Promise<void> {
  const policies = new Map((await store.policies(null)).map((policy) => [`${policy.tenant} ${policy.name}`, policy]));
  for (const decision of await store.due(clock.now())) {
    const policy = policies.get(`${decision.tenant} ${decision.policy}`);
    if (policy === undefined) continue;
    const { at: from, dueAt: to, vm } = decision;
    const stepSeconds = stepOf(policy);
    const frame = await metrics.query({ metric: policy.metric, targets: [vm], from, to, stepSeconds, aggregate: 'mean' }, signal);
    const values = [...(partsOf(frame).get(vm)?.values() ?? [])].flatMap(({ value }) => value).filter((value) => value !== null);
    const isOver = values.some((value) => value > policy.limit);
    // A VM that was off, or that nobody measured, says nothing for or against the policy.
    const isSeen = values.length * stepSeconds * 1000 >= MEASURED_MIN * (to - from);
    await store.judge(decision, isOver || isSeen ? isOver : null);
  }
}

async function scaleOne(policy: ScalingPolicy, options: ScalerOptions, signal: AbortSignal): Promise<void> {
  const { hypervisor, store, clock, log } = options;
  const now = clock.now();
  const open = new Map((await store.decisions(policy)).filter(({ dueAt }) => dueAt > now).map((decision) => [decision.vm, decision]));
  const inForce = new Map((await store.inForce(policy)).map((decision) => [decision.vm, decision]));
  const all = hypervisor.vms();
  const vms = all.filter((vm) => vm.tenant === policy.tenant && vm.tags.includes(policy.tag) && vm.state === 'running');
  await takeBackLeft({ policy, left: leftOf(policy, { inForce, followed: vms, all }) }, options, signal);
  let decided = 0;
  for (const vm of vms) {
    const known = open.get(vm.id);
    try {
      if (known !== undefined) {
        // The hub may have died between deciding and doing, or before it wrote down that it was done: the same call again is the same job.
        if (known.wouldAct && known.jobId === null) await follow({ policy, vm, decision: known, before: inForce.get(vm.id) }, options);
        continue;
      }
      if (++decided > VMS_MAX) continue;
      const chance = await chanceFor(policy, vm, { ...options, signal });
      const wouldAct = shouldAct(chance, policy);
      const decision = {
        tenant: policy.tenant,
        policy: policy.name,
        vm: vm.id,
        at: now,
        dueAt: now + policy.horizonSeconds * 1000,
        chance,
        wouldAct,
        overloaded: null,
      };
      await store.decide(decision);
      await follow({ policy, vm, decision, before: inForce.get(vm.id) }, options);
    } catch (error) {
      signal.throwIfAborted();
      if (!HubError.is(error)) throw error;
      log.debug({ vm: vm.id, policy: policy.name, code: error.code }, 'a scaling policy could not judge a VM');
    }
  }
}

interface InForce {
  readonly inForce: ReadonlyMap<string, KeptDecision>;
  readonly followed: readonly VmStatus[];
  readonly all: readonly VmStatus[];
}

/** What was done to VMs that are not followed any more, since the policy does not act any more or the VM has lost its tag. One that is off keeps it until it runs. */
function leftOf({ stage }: ScalingPolicy, { inForce, followed, all }: InForce): readonly { vm: VmStatus; before: KeptDecision }[] {
  const still = new Set(stage === 'act' ? followed.map(({ id }) => id) : []);
  return all.flatMap((vm) => {
    const before = inForce.get(vm.id);
    return before !== undefined && vm.state === 'running' && !still.has(vm.id) ? [{ vm, before }] : [];
  });
}

async function takeBackLeft(
  { policy, left }: { readonly policy: ScalingPolicy; readonly left: ReturnType<typeof leftOf> },
  options: ScalerOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const { vm, before } of left)
    try {
      await takeBack({ policy, vm, before }, options);
    } catch (error) {
      signal.throwIfAborted();
      if (!HubError.is(error)) throw error;
      options.log.warn(
        { vm: vm.id, policy: policy.name, code: error.code },
        'what a scaling policy did could not be taken back; it is tried again',
      );
    }
}

async function takeBack(
  { policy, vm, before }: Pick<Following, 'policy' | 'vm'> & { readonly before: KeptDecision },
  options: ScalerOptions,
): Promise<void> {
  if (policy.undo !== null) await perform({ policy, call: policy.undo, vm, key: `unscale:${policy.name}:${vm.id}:${before.at}` }, options);
  await options.store.undone(before, options.clock.now());
}

const chanceFor = (
  policy: ScalingPolicy,
  vm: VmStatus,
  { forecasts, signal }: ScalerOptions & { readonly signal: AbortSignal },
): Promise<number> =>
  forecasts.probabilityOfLimit({
    metric: policy.metric,
    target: vm.id,
    horizonSeconds: policy.horizonSeconds,
    limit: { value: policy.limit },
    signal,
  });

interface Following {
  readonly policy: ScalingPolicy;
  readonly vm: VmStatus;
  readonly decision: Decision & { readonly tenant: string };
  /** An action that is still in force. */
  readonly before: KeptDecision | undefined;
}

/** In shadow nothing follows; who asks, recommends; who acts, acts once and takes it back when the load does not come (any more). */
async function follow({ policy, vm, decision, before }: Following, options: ScalerOptions): Promise<void> {
  const { store, recommendations, clock } = options;
  if (policy.stage === 'ask' && decision.wouldAct)
    await recommendations.offer(toRecommendation(policy, vm, decision), {
      now: clock.now(),
      dismissedAfter: decision.at - policy.horizonSeconds * 1000,
    });
  if (policy.stage !== 'act') return;
  if (decision.wouldAct && before === undefined) {
    const jobId = await perform({ policy, call: policy, vm, key: `scale:${policy.name}:${vm.id}:${decision.at}` }, options);
    if (jobId !== null) await store.acted(decision, jobId);
  }
  if (!decision.wouldAct && before !== undefined) await takeBack({ policy, vm, before }, options);
}

interface Performance {
  readonly policy: ScalingPolicy;
  readonly call: { readonly action: string; readonly input: { readonly [field: string]: Json } };
  readonly vm: VmStatus;
  readonly key: string;
}

/** Through the one door, as an operator of the policy's tenant who may do these two actions only. Null: it was not taken up. */
async function perform({ policy, call, vm, key }: Performance, { actions, log }: ScalerOptions): Promise<string | null> {
  const actor: Actor = {
    id: `service:scaling:${policy.tenant}:${policy.name}`,
    name: `scaling policy ${policy.name}`,
    kind: 'service',
    role: 'operator',
    tenant: policy.tenant,
    scopes: [policy.action, ...(policy.undo === null ? [] : [policy.undo.action])],
  };
  const asked = await actions.execute(call.action, { ...call.input, vm: vm.id }, { actor, via: 'hub', key });
  // The owner agreed to it when the policy was promoted; where a second person must agree, it is not done.
  const outcome =
    asked.is === 'confirm' && asked.confirmation.by === 'actor'
      ? await actions.confirm(asked.confirmation.token, { actor, via: 'hub' })
      : asked;
  if (outcome.is === 'accepted') return outcome.job.id;
  if (outcome.is === 'confirm') log.warn({ policy: policy.name, vm: vm.id }, 'a scaling policy may not act: a second person must confirm');
  return null;
}

function toRecommendation(policy: ScalingPolicy, vm: VmStatus, { chance, at }: Decision): Recommendation {
  const saved = chance * policy.overloadCost - policy.actCost;
  const hours = policy.horizonSeconds / 3600;
  return {
    key: `scale/${policy.name}/${vm.id}`,
    kind: 'scale',
    subject: { kind: 'vm', id: vm.id, name: vm.name, tenant: vm.tenant },
    title: `${vm.name} will probably be overloaded within ${hours} h: ${policy.action.replaceAll('.', ' ')}.`,
    before: { at, chance },
    evidence: [
      `${policy.metric} goes above ${policy.limit} with a chance of ${formatValue(chance, 'ratio')}; policy ${policy.name} reckons ${policy.overloadCost} for that and ${policy.actCost} for acting.`,
    ],
    gains: [
      { what: 'expected cost saved', unit: 'count', expected: saved, low: -policy.actCost, high: policy.overloadCost - policy.actCost },
    ],
    cost: `${policy.actCost}, as the policy reckons.`,
    risk: 'The load does not come, and it was for nothing.',
    undo: policy.undo === null ? null : `${policy.undo.action.replaceAll('.', ' ')} ${vm.name}`,
    suggestion: { action: policy.action, label: 'Do it', input: { ...policy.input, vm: vm.id } },
  };
}
