import { HubError, type ActionDescription, type Json } from 'novacron/plugin';
import type { GrafanaContext } from './config.ts';

/** Calls a reading action in the caller's name: role, tenant and audit are the door's. */
export async function askDoor({ services, actor, signal }: GrafanaContext, id: string, input: unknown): Promise<Json> {
  const outcome = await services.actions.execute(id, input, { actor: actor!, via: 'grafana', signal });
  if (outcome.is === 'done') return outcome.output;
  throw notARead(id);
}

export const notARead = (id: string): HubError =>
  new HubError(
    'grafana_not_a_read',
    `'${id}' is nothing that a panel may ask for: it would do something, or the hub's config does not name it.`,
    { status: 400 },
  );

/** An action as it is for this caller; what another plugin brings need not be there. */
export const offered = ({ services, actor }: GrafanaContext, id: string): ActionDescription | undefined =>
  services.actions.offers(id, actor!) ? services.actions.describe(id, actor!) : undefined;
