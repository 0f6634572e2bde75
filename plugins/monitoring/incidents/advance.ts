import {
  change,
  firingIn,
  incidentId,
  isOpen,
  note,
  type Circumstances,
  type Draft,
  type HeldSignal,
  type IncidentRecord,
} from './record.ts';
import { silenceOver } from './silences.ts';
import { summarize } from './summary.ts';
import { beginLap, runTracks, stopTracks, tellAudience } from './tracks.ts';
import { formatUntil } from './words.ts';

/** Ends an incident; who was told of it is told of the end. */
export function resolve(draft: Draft, at: Circumstances, end: { readonly text: string; readonly actor?: string }): void {
  note(draft, { at: at.now, kind: 'resolved', ...end });
  change(draft, { state: 'resolved', resolvedAt: at.now, snoozedUntil: null, quietAt: null });
  stopTracks(draft);
  tellAudience(draft, { what: 'resolved', why: 'resolved', dueAt: at.now });
}

/** How often a signal has begun to fire within the window. */
export const flipsOf = ({ flips }: Pick<HeldSignal, 'flips'>, { now, policy }: Circumstances): number =>
  flips.filter((flip) => flip > now - policy.flapWindowMs).length;

/** When nothing fires any more it is over: at once, or after a quiet time when it was flapping. */
export function settle(draft: Draft, at: Circumstances): void {
  if (!isOpen(draft.record) || firingIn(draft.record).length > 0 || draft.record.quietAt !== null) return;
  const flips = Math.max(...draft.record.signals.map((held) => flipsOf(held, at)));
  if (flips < at.policy.flapMax) return resolve(draft, at, { text: 'All is good again.' });
  const quietAt = at.now + at.policy.flapQuietMs;
  change(draft, { quietAt });
  if (flips > at.policy.flapMax) return;
  note(draft, { at: at.now, kind: 'signal', text: `Good again, but it was flapping: over when it is still good ${formatUntil(quietAt)}.` });
}

function expireSignals(draft: Draft, at: Circumstances): void {
  const { now } = at;
  for (const held of draft.record.signals) {
    const { signal } = held;
    if (signal.state !== 'firing' || signal.expiresAt === undefined || signal.expiresAt > now) continue;
    const ended = { ...held, closed: false, signal: { ...signal, state: 'resolved' as const, at: now } };
    change(draft, { signals: draft.record.signals.map((each) => (each === held ? ended : each)) });
    note(draft, {
      at: now,
      kind: 'signal',
      text: `Not heard of any more, so taken for good: ${signal.summary}`,
      tenant: signal.subject.tenant,
    });
    if (isOpen(draft.record)) summarize(draft, at);
  }
}

function endSnooze(draft: Draft, at: Circumstances): void {
  const { state, snoozedUntil } = draft.record;
  if (state !== 'snoozed' || snoozedUntil === null || snoozedUntil > at.now) return;
  change(draft, { state: 'open', snoozedUntil: null, acknowledgedBy: null });
  note(draft, { at: at.now, kind: 'snoozed', text: 'The snooze is over and it is still not good.' });
  beginLap(draft, 'reminder', at);
}

function followSilences(draft: Draft, at: Circumstances): void {
  const silence = silenceOver(draft.record, at.silences, at.now);
  const { silencedBy } = draft.record;
  if (silencedBy === (silence?.id ?? null)) return;
  change(draft, { silencedBy: silence?.id ?? null });
  const text = silence
    ? `Silenced by ${silence.owner} (${silence.id}: ${silence.reason}) ${formatUntil(silence.endsAt)}.`
    : `The silence ${silencedBy ?? ''} does not hold any more.`;
  note(draft, { at: at.now, kind: 'silenced', text });
}

/** All that time alone does to an incident. Called twice at one instant, the second does nothing. */
export function advance(draft: Draft, at: Circumstances): void {
  const wasOpen = isOpen(draft.record);
  expireSignals(draft, at);
  if (!wasOpen) return;
  settle(draft, at);
  const { quietAt } = draft.record;
  if (quietAt !== null && quietAt <= at.now) resolve(draft, at, { text: 'It has stayed good.' });
  if (!isOpen(draft.record)) return;
  endSnooze(draft, at);
  followSilences(draft, at);
  if (draft.record.state === 'open' && draft.record.silencedBy === null && draft.record.quietAt === null) runTracks(draft, at);
}

/** Messages of it show it as it is: one telling for each, however often it changed meanwhile. */
export function tellChanges(draft: Draft, at: Circumstances): void {
  const isTold = new Set(draft.tellings.map(({ channel, to }) => `${channel} ${to}`));
  for (const { channel, to } of draft.record.audience) {
    // What is told now shows it as it is anyway.
    if (isTold.has(`${channel} ${to}`)) continue;
    draft.tellings.push({
      id: `${incidentId(draft.record.number)}/changed/${channel}/${to}`,
      about: { incident: draft.record.number },
      why: 'changed',
      channel,
      to,
      person: null,
      dueAt: at.now,
    });
  }
}

/** The next instant at which time alone does something; `null`: never. Kept with the incident, so that it is found after a restart. */
export function dueAt(record: IncidentRecord, { now, silences }: Circumstances): number | null {
  const expiries = record.signals.flatMap(({ signal }) =>
    signal.state === 'firing' && signal.expiresAt !== undefined ? [signal.expiresAt] : [],
  );
  const own = isOpen(record) ? [record.quietAt ?? [], waitOf(record, { now, silences })].flat() : [];
  const instants = [...expiries, ...own];
  return instants.length === 0 ? null : Math.min(...instants);
}

function waitOf(record: IncidentRecord, { now, silences }: Pick<Circumstances, 'now' | 'silences'>): readonly number[] {
  if (record.state === 'snoozed') return record.snoozedUntil === null ? [] : [record.snoozedUntil];
  if (record.state === 'acknowledged' || record.quietAt !== null) return [];
  const silence = silenceOver(record, silences, now);
  if (silence) return [silence.endsAt];
  return record.tracks.flatMap(({ nextAt }) => nextAt ?? []);
}

/** After the clock was set back: what was to come in so many minutes still comes in so many. Ends of snoozes are instants that people named, and stay. */
export function shiftWaits(draft: Draft, byMs: number): void {
  const { tracks, quietAt } = draft.record;
  change(draft, {
    tracks: tracks.map((track) => ({ ...track, nextAt: track.nextAt === null ? null : track.nextAt + byMs })),
    quietAt: quietAt === null ? null : quietAt + byMs,
  });
}
