import type { Actor, Resource } from 'novacron/plugin';
import type { GrafanaContext } from '../config.ts';

export interface Choice {
  readonly targets: readonly string[];
  readonly tenant?: string | undefined;
  readonly tag?: string | undefined;
  readonly host?: string | undefined;
}

/** Resource kind that a metric is of. */
export const kindOf = (metric: string): string => metric.split('.')[0] ?? '';

/** The things of a kind that the caller may see and that fit. */
export async function findThings(
  { services, actor }: GrafanaContext,
  kind: string,
  choice: Omit<Choice, 'targets'>,
): Promise<readonly Resource[]> {
  const hosts = choice.host === undefined ? null : new Map(services.hypervisor?.vms().map((vm) => [vm.id, vm.host]));
  const found = await services.resources.list(kind, actor as Actor);
  return found.filter(
    ({ id, tenant, tags }) =>
      (choice.tenant === undefined || tenant === choice.tenant) &&
      (choice.tag === undefined || tags.includes(choice.tag)) &&
      (hosts === null || hosts.get(id) === choice.host),
  );
}

/** Ids or names to ask for; empty: whatever there is; `null`: nothing fits. */
export async function chooseTargets(ctx: GrafanaContext, kind: string, choice: Choice): Promise<readonly string[] | null> {
  const { targets, tenant, tag, host } = choice;
  if (targets.length > 0 || (tenant === undefined && tag === undefined && host === undefined)) return targets;
  const found = await findThings(ctx, kind, { tenant, tag, host });
  return found.length === 0 ? null : found.map(({ id }) => id);
}
