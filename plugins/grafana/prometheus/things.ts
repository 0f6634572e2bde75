import type { Actor } from 'novacron/plugin';
import type { GrafanaContext } from '../config.ts';
import type { Labels } from './series.ts';
import { toBytes } from './text-bytes.ts';

/** A thing that may be seen, as labels: its name under its kind, its id, tenant, and the host of a VM. */
export interface LabelledThing {
  readonly id: string;
  readonly labels: Labels;
  /** The labels as JSON, without braces: made once, written for each of its series. */
  readonly json: Uint8Array;
}

/** The things of a kind that the caller may see: no series of anything else is ever read. */
export type Things = (kind: string) => Promise<readonly LabelledThing[]>;

/** How long it is believed that somebody may see a thing. */
const SIGHT_MS = 30_000;
const ACTORS_MAX = 100;

interface Sight {
  readonly until: number;
  readonly kinds: Map<string, Promise<readonly LabelledThing[]>>;
}

const keyOf = ({ id, role, tenant, scopes }: Actor): string => JSON.stringify([id, role, tenant, scopes ?? null]);

async function label({ services }: GrafanaContext, kind: string, actor: Actor): Promise<readonly LabelledThing[]> {
  if (!services.resources.kinds().some((one) => one.kind === kind)) return [];
  const hosts = kind === 'vm' ? new Map(services.hypervisor?.vms().map(({ id, host }) => [id, host])) : new Map<string, string>();
  const found = await services.resources.list(kind, actor);
  return found.map(({ id, name, tenant }) => {
    const host = hosts.get(id);
    const labels = { [kind]: name, [`${kind}_id`]: id, ...(tenant !== null && { tenant }), ...(host !== undefined && { host }) };
    return { id, labels, json: toBytes(JSON.stringify(labels).slice(1, -1)) };
  });
}

/** Asks for all things of a kind once in a while for each caller. */
export function createSight(): (ctx: GrafanaContext) => Things {
  const sights = new Map<string, Sight>();
  return (ctx) => {
    const actor = ctx.actor!;
    const key = keyOf(actor);
    let sight = sights.get(key);
    if (sight === undefined || sight.until <= ctx.clock.now()) {
      if (sights.size >= ACTORS_MAX) sights.clear();
      sight = { until: ctx.clock.now() + SIGHT_MS, kinds: new Map() };
      sights.set(key, sight);
    }
    const { kinds } = sight;
    return (kind) => {
      const known = kinds.get(kind) ?? label(ctx, kind, actor);
      kinds.set(kind, known);
      known.catch(() => kinds.delete(kind));
      return known;
    };
  };
}
