import { HubError, type Resource } from 'novacron/plugin';
import type { GrafanaContext } from '../config.ts';
import { findThings } from './targets.ts';

const VALUES_MAX = 1000;

interface VariableValue {
  readonly text: string;
  readonly value: string;
}

const same = (values: Iterable<string>): VariableValue[] => [...new Set(values)].toSorted().map((value) => ({ text: value, value }));

const LISTS: Readonly<
  Record<string, (ctx: GrafanaContext, things: (kind: string) => Promise<readonly Resource[]>) => Promise<VariableValue[]>>
> = {
  vms: async (_, things) => same((await things('vm')).map(({ name }) => name)),
  hosts: async (_, things) => same((await things('host')).map(({ name }) => name)),
  tenants: async (_, things) => same((await things('vm')).flatMap(({ tenant }) => tenant ?? [])),
  tags: async (_, things) => same((await things('vm')).flatMap(({ tags }) => tags)),
  metrics: async ({ services }) => {
    const named = [...services.metrics.declared()].map(([value, { help, unit }]) => ({
      value,
      text: value,
      description: `${help} (${unit})`,
    }));
    return named.toSorted((a, b) => a.value.localeCompare(b.value));
  },
};

/** `of` names the list; `text`, `tenant`, `tag` and `host` narrow it. Errors: HubError `grafana_variable_unknown`. */
export async function findVariables(
  ctx: GrafanaContext,
  parameters: URLSearchParams,
): Promise<{ values: VariableValue[]; truncated: boolean }> {
  const of = parameters.get('of') ?? '';
  const list = Object.hasOwn(LISTS, of) ? LISTS[of] : undefined;
  if (list === undefined) {
    const message = `There is no list "${of.slice(0, 40)}" of values. There are: ${Object.keys(LISTS).join(', ')}.`;
    throw new HubError('grafana_variable_unknown', message, { status: 400 });
  }
  const filter = (name: string): string | undefined => parameters.get(name) || undefined;
  const narrow = { tenant: filter('tenant'), tag: filter('tag'), host: filter('host') };
  const kinds = new Set(ctx.services.resources.kinds().map(({ kind }) => kind));
  const values = await list(ctx, async (kind) => (kinds.has(kind) ? findThings(ctx, kind, kind === 'vm' ? narrow : {}) : []));
  const wanted = (filter('text') ?? '').toLowerCase();
  const found = values.filter(({ text }) => text.toLowerCase().includes(wanted));
  return { values: found.slice(0, VALUES_MAX), truncated: found.length > VALUES_MAX };
}
