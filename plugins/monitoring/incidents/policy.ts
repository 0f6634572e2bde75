import { onCall, type Override, type Rotation } from './rotations.ts';
import type { Route } from './routes.ts';

/** One way to somebody: a channel and an address in its words. */
export interface Way {
  readonly channel: string;
  readonly to: string;
}

export type Target =
  | { readonly is: 'way'; readonly way: Way }
  | { readonly is: 'person'; readonly person: string }
  | { readonly is: 'rotation'; readonly rotation: string };

export interface Step {
  /** After the step before was done. */
  readonly afterMs: number;
  readonly tell: readonly Target[];
}

/** Who is told what, when: the config, resolved. */
export interface Policy {
  readonly root: Route;
  readonly receivers: ReadonlyMap<string, readonly Target[]>;
  readonly escalations: ReadonlyMap<string, readonly Step[]>;
  readonly rotations: ReadonlyMap<string, Rotation>;
  readonly people: ReadonlyMap<string, readonly Way[]>;
  /** A signal that fires again so soon after the end continues the old incident. */
  readonly reopenMs: number;
  /** Incidents of VMs that are so young when their host goes down become part of the host's. */
  readonly joinMs: number;
  /** So many times on within `flapWindowMs` is flapping: then it must be quiet for `flapQuietMs` to be over. */
  readonly flapMax: number;
  readonly flapWindowMs: number;
  readonly flapQuietMs: number;
  /** Between two edits of one message. */
  readonly editEveryMs: number;
}

/** A way, and whose it is: `null` for a channel that nobody in particular reads. */
export interface Addressee extends Way {
  readonly person: string | null;
}

const waysOf = (policy: Policy, person: string): readonly Addressee[] =>
  (policy.people.get(person) ?? []).map((way) => ({ ...way, person }));

function addresseesOf(policy: Policy, target: Target, when: { at: number; overrides: readonly Override[] }): readonly Addressee[] {
  switch (target.is) {
    case 'way':
      return [{ ...target.way, person: null }];
    case 'person':
      return waysOf(policy, target.person);
    case 'rotation': {
      const rotation = policy.rotations.get(target.rotation);
      return rotation ? waysOf(policy, onCall(rotation, target.rotation, when)) : [];
    }
  }
}

/** Who is meant at this instant; each way once. */
export function resolveTargets(
  policy: Policy,
  targets: readonly Target[],
  when: { readonly at: number; readonly overrides: readonly Override[] },
): readonly Addressee[] {
  const found = targets.flatMap((target) => addresseesOf(policy, target, when));
  return [...new Map(found.map((one) => [`${one.channel} ${one.to}`, one])).values()];
}
