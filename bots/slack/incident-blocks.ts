import type { ActionDescription, SuggestedAction } from 'novacron/plugin';
import type { Incident, Notification, Severity, Signal, Silence } from '../../plugins/monitoring/port.ts';
import { buttons, context, PRESS, section, type Block, type Button, type Content } from './block-kit.ts';
import { bold, escape, moment } from './mrkdwn.ts';
import { offerButton, type Offer } from './offers.ts';

const SIGNALS_MAX = 8;
const SUGGESTED_MAX = 5;
const SIGNS: Readonly<Record<Severity, string>> = { info: 'ℹ️', warning: '🟠', critical: '🔴' };

const signOf = ({ state, severity }: Pick<Incident, 'state' | 'severity'>): string => (state === 'resolved' ? '✅' : SIGNS[severity]);

/** How it stands, in the reader's own time zone. */
function stateLine(incident: Incident): string {
  const { state, acknowledgedBy, snoozedUntil, silencedBy, partOf, resolvedAt, isFlapping } = incident;
  if (partOf !== null) return `Part of ${bold(partOf, 20)} now`;
  const silenced = silencedBy === null ? '' : `  ·  🔕 silenced by ${escape(silencedBy, 20)}`;
  switch (state) {
    case 'resolved':
      return `Resolved ${moment(resolvedAt ?? incident.openedAt)}`;
    case 'acknowledged':
      return `👀 Acknowledged by ${bold(acknowledgedBy ?? 'somebody', 80)}${silenced}`;
    case 'snoozed':
      return `💤 Snoozed until ${moment(snoozedUntil ?? incident.openedAt)}${silenced}`;
    case 'open':
      return `${isFlapping ? 'Good for now, but it was flapping' : 'Nobody has acknowledged it yet'}${silenced}`;
  }
}

const signalLine = (signal: Signal): string =>
  `${signal.state === 'firing' ? SIGNS[signal.severity] : '✅'}  ${escape(signal.summary, 250)}`;

/** What still fires first. A single one is what the title says already, unless that has moved on. */
function signalBlocks({ signals, title }: Incident): Block[] {
  const [only] = signals;
  if (signals.length === 1 && only?.summary === title && only.state === 'firing') return [];
  const ordered = signals.toSorted((a, b) => Number(a.state === 'resolved') - Number(b.state === 'resolved'));
  const left = ordered.length - SIGNALS_MAX;
  const lines = [...ordered.slice(0, SIGNALS_MAX).map(signalLine), ...(left > 0 ? [`… and ${left} more`] : [])];
  return lines.length === 0 ? [] : [section(lines.join('\n'))];
}

/** A button whose answers stand in the thread of the message. */
function inThread(offered: readonly ActionDescription[], offer: Offer & { readonly label?: string }, index: number): Button[] {
  const action = offered.find(({ id }) => id === offer.action);
  const made = action && offerButton(action, offer, index);
  return made ? [{ ...made, action_id: `${PRESS.thread}.${index}` }] : [];
}

/** A suggestion that no plugin offers is advice. */
function suggestionBlocks(actions: readonly SuggestedAction[], offered: readonly ActionDescription[]): Block[] {
  const shown = actions.slice(0, SUGGESTED_MAX);
  const pressed = shown.flatMap(({ action, label, input }, index) =>
    inThread(offered, { action, label, input }, 10 + index).map((made, nth): Button =>
      index + nth === 0 ? { ...made, style: 'primary' } : made,
    ),
  );
  const advice = shown.filter(({ action }) => !offered.some(({ id }) => id === action)).map(({ label }) => escape(label, 100));
  return [...buttons(pressed), ...(advice.length === 0 ? [] : [context(`What may help: ${advice.join(', ')}`)])];
}

function handlingBlocks({ id, state }: Incident, offered: readonly ActionDescription[]): Block[] {
  const input = { incident: id };
  const open: Offer[] = [
    ...(state === 'acknowledged' ? [] : [{ action: 'incident.acknowledge', input }]),
    { action: 'incident.snooze', input, asForm: true },
    { action: 'silence.create', input, asForm: true },
    { action: 'incident.resolve', input, asForm: true },
  ];
  const offers: Offer[] = [...(state === 'resolved' ? [] : open), { action: 'incident.show', input }];
  return buttons(offers.flatMap((offer, index) => inThread(offered, offer, index)));
}

/** The one message of an incident. `offered`: all actions that there are; who presses is asked about at the door. */
export function incidentContent(incident: Incident, offered: readonly ActionDescription[]): Content {
  const { id, title, severity, state, subject, openedAt, assignee } = incident;
  const sign = signOf(incident);
  const given = assignee === null ? '' : `  ·  given to ${escape(assignee, 80)}`;
  const facts = `${escape(id, 20)}  ·  ${severity}  ·  ${escape(`${subject.kind} ${subject.name}`.replaceAll(/\s+/g, ' '), 120)}  ·  since ${moment(openedAt)}${given}`;
  return {
    text: `${sign} ${escape(id, 20)}: ${escape(title, 500)}`,
    blocks: [
      section(`${sign} ${bold(title, 500)}\n${stateLine(incident)}`),
      ...signalBlocks(incident),
      ...(state === 'resolved' ? [] : suggestionBlocks(incident.actions, offered)),
      ...handlingBlocks(incident, offered),
      context(facts),
    ],
  };
}

const plainContent = (text: string): Content => ({ text, blocks: [section(text)] });

/** What is said in the thread beside the changed message; `undefined`: the message says it all. */
export function followUpContent(why: Notification['why'], incident: Incident): Content | undefined {
  const name = bold(incident.id, 20);
  switch (why) {
    case 'escalated':
      return plainContent(`⏫ ${name} escalates: nobody has acknowledged it yet.`);
    case 'reminder':
      return plainContent(`🔁 ${name} goes on, and nobody has acknowledged it.`);
    case 'reopened':
      return plainContent(`${SIGNS[incident.severity]} ${name} is back: ${escape(incident.title, 500)}`);
    case 'assigned':
      return plainContent(`👉 ${name} is given to ${escape(incident.assignee ?? 'somebody', 80)}.`);
    case 'resolved':
      return plainContent(incident.partOf === null ? `✅ ${name} is resolved.` : `${name} is part of ${bold(incident.partOf, 20)} now.`);
    case 'opened':
    case 'changed':
    case 'silenced':
      return undefined;
  }
}

/** The one message of a silence: what it hides, by whom, why, until when. */
export function silenceContent({ id, match, incident, owner, reason, endsAt, state }: Silence): Content {
  const what = bold(incident ?? match.join(', '), 300);
  const until = state === 'ended' ? `ended ${moment(endsAt)}` : `until ${moment(endsAt)}`;
  const sign = state === 'ended' ? '🔔' : '🔕';
  const text = `${sign} ${state === 'ended' ? 'Not silenced any more' : 'Silenced'}: ${what}\n${escape(reason, 300)}`;
  return {
    text: `${sign} ${escape(id, 20)} ${state}`,
    blocks: [section(text), context(`${escape(id, 20)}  ·  by ${escape(owner, 80)}  ·  ${until}`)],
  };
}
