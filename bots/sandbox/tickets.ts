import { randomBytes } from 'node:crypto';
import type { Clock } from 'novacron/plugin';

/** A trigger opens one modal within 3 s. */
export const TRIGGER_TTL_MS = 3_000;
/** A response_url takes 5 messages within 30 minutes. */
export const RESPONSE_TTL_MS = 30 * 60_000;
export const RESPONSE_USES_MAX = 5;
const TICKETS_MAX = 5_000;

interface Trigger {
  readonly user: string;
  readonly expiresAt: number;
  used: boolean;
}

export interface ResponseTicket {
  readonly channel: string;
  readonly user: string;
  /** The message that the pressed button stands in. */
  readonly messageTs: string | null;
  readonly threadTs: string | null;
  readonly expiresAt: number;
  usesLeft: number;
}

/** Short-lived rights that Slack hands to an app with each interaction. */
export interface Tickets {
  trigger(user: string): string;
  /** Error code of Slack, or the person whose trigger it was. */
  useTrigger(id: unknown): { readonly error: string } | { readonly user: string };
  response(ticket: Pick<ResponseTicket, 'channel' | 'user' | 'messageTs' | 'threadTs'>): string;
  useResponse(id: string): { readonly error: string } | { readonly ticket: ResponseTicket };
}

const bound = <T>(map: Map<string, T>): void => {
  for (const key of map.keys()) {
    if (map.size <= TICKETS_MAX) return;
    map.delete(key);
  }
};

export function createTickets(clock: Clock): Tickets {
  const triggers = new Map<string, Trigger>();
  const responses = new Map<string, ResponseTicket>();
  const fresh = (): string => randomBytes(16).toString('hex');
  return {
    trigger(user) {
      const id = `${clock.now()}.${fresh()}`;
      triggers.set(id, { user, expiresAt: clock.now() + TRIGGER_TTL_MS, used: false });
      bound(triggers);
      return id;
    },
    useTrigger(id) {
      const trigger = typeof id === 'string' ? triggers.get(id) : undefined;
      if (!trigger) return { error: 'invalid_trigger_id' };
      if (clock.now() > trigger.expiresAt) return { error: 'expired_trigger_id' };
      if (trigger.used) return { error: 'exchanged_trigger_id' };
      trigger.used = true;
      return { user: trigger.user };
    },
    response(ticket) {
      const id = fresh();
      responses.set(id, { ...ticket, expiresAt: clock.now() + RESPONSE_TTL_MS, usesLeft: RESPONSE_USES_MAX });
      bound(responses);
      return id;
    },
    useResponse(id) {
      const ticket = responses.get(id);
      if (!ticket) return { error: 'invalid_url' };
      if (clock.now() > ticket.expiresAt) return { error: 'expired_url' };
      if (ticket.usesLeft === 0) return { error: 'used_url' };
      ticket.usesLeft -= 1;
      return { ticket };
    },
  };
}
