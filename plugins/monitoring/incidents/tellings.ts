import { incidentId, type Entry, type Telling } from './record.ts';
import type { End } from './store.ts';

const aboutId = ({ about }: Pick<Telling, 'about'>): string => ('incident' in about ? incidentId(about.incident) : about.silence);

/** All that is told of one thing in one place is one message. */
export const messageKey = (telling: Pick<Telling, 'about' | 'channel' | 'to'>): string =>
  `${aboutId(telling)}/${telling.channel}/${telling.to}`;

const WORDS: Readonly<Record<Telling['why'], string>> = {
  opened: 'that it opened',
  changed: 'how it is now',
  escalated: 'that nobody has acknowledged it',
  resolved: 'that it is over',
  reopened: 'that it is back',
  reminder: 'that it goes on',
  assigned: 'that it is theirs',
  silenced: 'of the silence',
};

/** What the timeline says of the end of a telling. */
export function entryOfEnd(telling: Telling, end: Exclude<End, { readonly is: 'again' }>, now: number): Entry | undefined {
  if (end.is === 'moot') return undefined;
  const who = `${telling.person === null ? '' : `${telling.person} by `}${telling.channel} (${telling.to})`;
  const what = WORDS[telling.why];
  const text =
    end.is === 'taken'
      ? `Told ${who} ${what}; taken as ${end.receipt.slice(0, 120)}.`
      : `Could not tell ${who} ${what}: ${end.reason.slice(0, 200)}`;
  return { at: now, kind: 'told', text, actor: null, values: {}, key: `told/${telling.id}` };
}
