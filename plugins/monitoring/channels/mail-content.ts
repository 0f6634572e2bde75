import type { Incident, Notification, Silence } from '../port.ts';
import { formatInstant } from '../incidents/words.ts';
import { stateWords } from '../incidents/views.ts';

export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const SIGNALS_MAX = 30;
const WORDS: Readonly<Record<Notification['why'], string>> = {
  opened: '',
  changed: '',
  escalated: 'Nobody has acknowledged it yet.',
  resolved: 'It is over.',
  reopened: 'It is back.',
  reminder: 'It goes on, and nobody has acknowledged it.',
  assigned: 'It was given to you.',
  silenced: '',
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
/** A line break in a title must not begin another header. */
const oneLine = (text: string): string => text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();

const page = (lines: readonly string[], pictureAlt: string | null): string =>
  [
    '<!doctype html><html><body style="font-family:system-ui,sans-serif;line-height:1.5;color:#1f2933">',
    ...lines.map((line, index) =>
      index === 0 ? `<h2 style="margin:0 0 8px">${escape(line)}</h2>` : `<p style="margin:4px 0">${escape(line)}</p>`,
    ),
    ...(pictureAlt === null ? [] : [`<p><img src="cid:picture" width="640" alt="${escape(pictureAlt)}"></p>`]),
    '</body></html>',
  ].join('\n');

function incidentLines(incident: Incident, why: Notification['why']): readonly string[] {
  const { id, title, severity, subject, openedAt, signals, actions } = incident;
  const firing = signals.filter(({ state }) => state === 'firing').slice(0, SIGNALS_MAX);
  return [
    title,
    WORDS[why],
    `${id}, ${severity}, ${subject.kind} ${subject.name}, since ${formatInstant(openedAt)}: ${stateWords(incident)}.`,
    ...(firing.length > 1 ? firing.map(({ summary }) => `- ${summary}`) : []),
    ...(incident.state === 'resolved' || actions.length === 0 ? [] : [`What may help: ${actions.map(({ label }) => label).join(', ')}.`]),
    ...(incident.state === 'open' ? [`To take it: /nova incident acknowledge ${id}`] : []),
  ].filter((line) => line !== '');
}

function silenceLines({ id, match, incident, owner, reason, endsAt, state }: Silence): readonly string[] {
  const what = incident ?? match.join(', ');
  return [
    state === 'ended' ? `Not silenced any more: ${what}` : `Silenced: ${what}`,
    `${id} by ${owner}: ${reason}`,
    state === 'ended' ? `It ended at ${formatInstant(endsAt)}.` : `Until ${formatInstant(endsAt)}.`,
  ];
}

/** A mail in plain text and as HTML that says the same. */
export function mailContent({ about, why, picture }: Notification): MailContent {
  const alt = picture?.alt ?? null;
  if (about.is === 'silence') {
    const lines = silenceLines(about.silence);
    return { subject: oneLine(lines[0] ?? about.silence.id).slice(0, 200), text: lines.join('\n'), html: page(lines, alt) };
  }
  const { incident } = about;
  const lines = incidentLines(incident, why);
  const sign = incident.state === 'resolved' ? 'resolved' : incident.severity;
  const subject = oneLine(`[${sign}] ${incident.id}: ${incident.title}`).slice(0, 200);
  return { subject, text: [...lines, ...(alt === null ? [] : [alt])].join('\n'), html: page(lines, alt) };
}
