import { HubError, type Clock, type Log, type Picture } from 'novacron/plugin';
import type { Channel, Notification } from '../port.ts';
import { incidentOf, type IncidentRecord } from './record.ts';
import type { Claimed, End, Store } from './store.ts';
import { messageKey } from './tellings.ts';

export interface CourierOptions {
  readonly store: Store;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly log: Log;
  /** Draws what an incident is about; `null` when there is nothing to draw. Never throws. */
  draw(record: IncidentRecord, signal: AbortSignal): Promise<Picture | null>;
  /** After it was given up to tell somebody of an incident. */
  onFailed(incident: number): Promise<void>;
}

/** Brings tellings to their channels. */
export interface Courier {
  /** Delivers what is due; answers how many tellings were in hand. */
  deliver(signal: AbortSignal): Promise<number>;
}

const AT_ONCE_MAX = 8;
const DELIVERY_MS = 30_000;
/** Longer than a delivery can take: nobody else takes it over while it may still succeed. */
const HOLD_MS = 60_000;
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 600_000;
/** What could not be told for so long is given up; the timeline says so. */
const GIVE_UP_MS = 86_400_000;
/** What is a day old because the hub was down is tried so often all the same. */
const TRIES_MIN = 12;
const SILENCED_MS = 30_000;

/** What wakes people up; the end and mere changes do not. */
const ALARMS = new Set<Notification['why']>(['opened', 'reopened', 'escalated', 'reminder']);
const PICTURED = new Set<Notification['why']>(['opened', 'reopened', 'escalated', 'resolved']);

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500);

/** A HubError says itself whether to try again; of anything else we do not know. */
function endOf(error: unknown, { attempts, createdAt }: Claimed, now: number): End {
  const reason = reasonOf(error);
  if (HubError.is(error) && !error.retryable) return { is: 'failed', reason };
  if (now - createdAt > GIVE_UP_MS && attempts >= TRIES_MIN) return { is: 'failed', reason: `${reason} It was tried ${attempts} times.` };
  return { is: 'again', dueAt: later(attempts, now), reason };
}

const later = (attempts: number, now: number): number => now + Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(10, attempts - 1));

type Ready = { readonly about: Notification['about']; readonly record: IncidentRecord | null };

/** What is to be shown, read now; or why it is not told after all. */
async function prepare(store: Store, claimed: Claimed, now: number): Promise<Ready | End> {
  if ('silence' in claimed.about) {
    const silence = await store.silence(claimed.about.silence);
    return silence ? { about: { is: 'silence', silence }, record: null } : { is: 'moot', reason: 'The silence is forgotten.' };
  }
  const record = await store.get(claimed.about.incident);
  if (!record) return { is: 'moot', reason: 'The incident is forgotten.' };
  if (record.silencedBy !== null && ALARMS.has(claimed.why)) {
    const reason = `It is silenced by ${record.silencedBy}.`;
    return record.state === 'resolved' ? { is: 'moot', reason } : { is: 'again', dueAt: now + SILENCED_MS, reason, held: true };
  }
  return { about: { is: 'incident', incident: incidentOf(record) }, record };
}

export function createCourier({ store, channels, clock, log, draw, onFailed }: CourierOptions): Courier {
  async function bring(claimed: Claimed, signal: AbortSignal): Promise<End> {
    const channel = channels.get(claimed.channel);
    const now = clock.now();
    if (!channel) {
      const reason = `There was no channel "${claimed.channel}" all the time. Check that its plugin runs and is configured.`;
      // The hub itself may have been down for that day, and the channel's plugin be about to start.
      return claimed.attempts >= TRIES_MIN ? { is: 'failed', reason } : { is: 'again', dueAt: later(claimed.attempts, now), reason };
    }
    if (claimed.why === 'changed' && !channel.edits) return { is: 'moot', reason: 'What was sent cannot be changed.' };
    const ready = await prepare(store, claimed, now);
    if (!('about' in ready)) return ready;
    const picture = ready.record && PICTURED.has(claimed.why) ? await draw(ready.record, signal) : null;
    const { id, why, to, receipt, attempts } = claimed;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS)]);
    const notification = { id, key: messageKey(claimed), why, about: ready.about, to, picture, receipt, attempt: attempts };
    const taken = await channel.deliver(notification, limit);
    return { is: 'taken', receipt: taken.receipt };
  }

  async function deliverOne(claimed: Claimed, signal: AbortSignal): Promise<void> {
    const end = await bring(claimed, signal).catch((error: unknown): End => {
      // Whether it was taken is not known, so it is told again after the start, under the same id.
      if (signal.aborted) return { is: 'again', dueAt: clock.now(), reason: 'The hub stopped meanwhile.' };
      const failed = endOf(error, claimed, clock.now());
      const { channel, to, id } = claimed;
      log.warn({ err: error, channel, to, id, gaveUp: failed.is === 'failed' }, 'Somebody could not be told');
      return failed;
    });
    await store.transaction((desktop) => desktop.finish(claimed, end, clock.now()));
    if (end.is === 'failed' && 'incident' in claimed.about && ALARMS.has(claimed.why)) await onFailed(claimed.about.incident);
  }

  return {
    async deliver(signal) {
      const now = clock.now();
      const hold = { until: now + HOLD_MS, rowsMax: AT_ONCE_MAX, channels: [...channels.keys()], givenUpBefore: now - GIVE_UP_MS };
      const claims = await store.transaction((desktop) => desktop.claim(now, hold));
      await Promise.all(claims.map((claimed) => deliverOne(claimed, signal)));
      return claims.length;
    },
  };
}
