import type { Clock } from 'novacron/plugin';
import type { Change, Channel, Person, SharedFile } from './protocol.ts';
import { createMessages, type Messages } from './workspace-messages.ts';
import { createViews, type Views } from './workspace-views.ts';

export const TEAM_ID = 'T0SANDBOX';
export const APP_ID = 'A0SANDBOX';
export const BOT_USER_ID = 'U0NOVA';
/** Says what Slack itself says: `/nova failed …`. */
export const SLACKBOT_ID = 'USLACKBOT';

export interface Limits {
  readonly messagesPerChannelMax: number;
  readonly ephemeralsMax: number;
  readonly filesBytesMax: number;
  readonly fileBytesMax: number;
  readonly peopleMax: number;
  readonly viewsPerPersonMax: number;
}

export const LIMITS: Limits = {
  messagesPerChannelMax: 1_000,
  ephemeralsMax: 500,
  filesBytesMax: 64 * 1024 * 1024,
  fileBytesMax: 8 * 1024 * 1024,
  peopleMax: 50,
  viewsPerPersonMax: 3,
};

export interface StoredFile extends SharedFile {
  readonly bytes: Buffer;
}

/** A file whose address was asked for; `bytes` comes next, then it is shared. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly alt: string;
  bytes: Buffer | null;
}

/** Everything the workspace knows, in memory; the oldest goes when a bound is reached. */
export interface Workspace extends Messages, Views {
  readonly people: ReadonlyMap<string, Person>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly uploads: Map<string, Upload>;
  readonly files: ReadonlyMap<string, StoredFile>;
  join(person: Omit<Person, 'bot'>): Person;
  keepFile(file: StoredFile): void;
  say(change: Change): void;
  listen(listener: (change: Change) => void): () => void;
}

const CHANNELS: readonly Channel[] = [
  { id: 'C0OPS', name: 'ops', kind: 'channel', user: null, purpose: 'Machines, day and night' },
  { id: 'C0GENERAL', name: 'general', kind: 'channel', user: null, purpose: 'Everybody is here' },
];

const imOf = (person: Pick<Person, 'id'>): Channel => ({
  id: `D0${person.id.slice(2)}`,
  name: 'nova',
  kind: 'im',
  user: person.id,
  purpose: 'Between you and the app',
});

/** Drops the oldest files until the rest fits; the newest stays. */
function fitFiles(files: Map<string, StoredFile>, newest: string, bytesMax: number): void {
  let total = [...files.values()].reduce((sum, kept) => sum + kept.sizeBytes, 0);
  for (const [id, kept] of files) {
    if (total <= bytesMax || id === newest) return;
    files.delete(id);
    total -= kept.sizeBytes;
  }
}

export function createWorkspace(clock: Clock, limits: Limits = LIMITS): Workspace {
  const listeners = new Set<(change: Change) => void>();
  const people = new Map<string, Person>();
  const channels = new Map<string, Channel>(CHANNELS.map((channel) => [channel.id, channel]));
  const files = new Map<string, StoredFile>();
  const say = (change: Change): void => {
    for (const listener of listeners) listener(change);
  };
  return {
    ...createMessages({ clock, limits, channels, say }),
    ...createViews({ limits, say }),
    people,
    channels,
    uploads: new Map(),
    files,
    say,
    join(person) {
      const joined: Person = { ...person, bot: person.id === BOT_USER_ID || person.id === SLACKBOT_ID };
      people.set(joined.id, joined);
      if (!joined.bot) channels.set(imOf(joined).id, imOf(joined));
      say({ is: 'person', person: joined });
      return joined;
    },
    keepFile(file) {
      files.set(file.id, file);
      fitFiles(files, file.id, limits.filesBytesMax);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Does this person hear of this change? Modals, Home and ephemeral messages are private. */
export function isFor(change: Change, user: string, channels: ReadonlyMap<string, Channel>): boolean {
  switch (change.is) {
    case 'message':
    case 'removed': {
      const { ephemeralFor, channel } = change.is === 'message' ? change.message : change;
      if (ephemeralFor !== null) return ephemeralFor === user;
      const owner = channels.get(channel)?.user ?? null;
      return owner === null || owner === user;
    }
    case 'views':
    case 'home':
      return change.user === user;
    case 'person':
    case 'app':
      return true;
  }
}
