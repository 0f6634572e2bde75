import { HubError } from 'novacron/plugin';
import { resolve } from './advance.ts';
import { change, incidentId, isOpen, note, type Circumstances, type Draft } from './record.ts';
import { resolveTargets } from './policy.ts';
import { extendTracks, stopTracks, tell } from './tracks.ts';
import { formatUntil } from './words.ts';

/** What a person decided about an incident. */
export type Decision =
  | { readonly is: 'acknowledge' }
  | { readonly is: 'assign'; readonly to: string }
  | { readonly is: 'snooze'; readonly until: number }
  /** The same key again is the same entry. `action`: what was done to the thing. */
  | { readonly is: 'note' | 'action'; readonly text: string; readonly key: string }
  | { readonly is: 'resolve'; readonly reason: string };

/** HubError `incident_resolved` where there is nothing left to decide. Deciding the same twice changes nothing. */
export function decide(draft: Draft, decision: Decision, by: { readonly actor: string; readonly at: Circumstances }): void {
  const { actor, at } = by;
  if (decision.is === 'note' || decision.is === 'action')
    return note(draft, { at: at.now, kind: decision.is, text: decision.text, actor, key: decision.key });
  if (decision.is === 'resolve' && !isOpen(draft.record)) return;
  refuseResolved(draft);
  switch (decision.is) {
    case 'acknowledge':
      return acknowledge(draft, by);
    case 'assign':
      return assign(draft, decision.to, by);
    case 'snooze':
      return snooze(draft, decision.until, by);
    case 'resolve': {
      const closed = draft.record.signals.map((held) => ({ ...held, closed: held.signal.state === 'firing' }));
      change(draft, { signals: closed });
      return resolve(draft, at, { text: `Resolved by ${actor}${decision.reason === '' ? '' : `: ${decision.reason}`}.`, actor });
    }
  }
}

function refuseResolved({ record }: Draft): void {
  if (isOpen(record)) return;
  throw new HubError('incident_resolved', `${incidentId(record.number)} is resolved already. A note can still be written.`, {
    status: 409,
  });
}

type By = Parameters<typeof decide>[2];

function acknowledge(draft: Draft, { actor, at }: By): void {
  if (draft.record.state === 'acknowledged' && draft.record.acknowledgedBy === actor) return;
  change(draft, { state: 'acknowledged', acknowledgedBy: actor, snoozedUntil: null });
  stopTracks(draft);
  note(draft, { at: at.now, kind: 'acknowledged', text: `Acknowledged by ${actor}.`, actor });
}

function assign(draft: Draft, to: string, { actor, at }: By): void {
  if (draft.record.assignee === to) return;
  change(draft, { assignee: to });
  note(draft, { at: at.now, kind: 'assigned', text: `Given to ${to} by ${actor}.`, actor });
  const ways = resolveTargets(at.policy, [{ is: 'person', person: to }], { at: at.now, overrides: at.overrides });
  tell(draft, ways, { what: `assigned/${draft.record.version}`, why: 'assigned', dueAt: at.now });
}

function snooze(draft: Draft, until: number, { actor, at }: By): void {
  if (draft.record.state === 'snoozed' && draft.record.snoozedUntil === until) return;
  if (until <= at.now) throw new HubError('snooze_past', 'A snooze ends in the future. Give a later time.', { status: 400 });
  change(draft, { state: 'snoozed', snoozedUntil: until });
  extendTracks(draft, at);
  note(draft, { at: at.now, kind: 'snoozed', text: `Snoozed by ${actor} ${formatUntil(until)}.`, actor });
}
