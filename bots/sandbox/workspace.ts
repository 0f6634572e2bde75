import type { Clock } from 'novacron/plugin';
import type { Block, Change, Channel, Message, ModalView, OpenView, Person, SharedFile } from './protocol.ts';

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

export interface NewMessage {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks?: readonly Block[];
  readonly threadTs?: string | null;
  readonly ephemeralFor?: string | null;
  readonly files?: readonly SharedFile[];
  readonly metadata?: unknown;
}

/** Everything the workspace knows, in memory; the oldest goes when a bound is reached. */
export interface Workspace {
  readonly people: Map<string, Person>;
  readonly channels: Map<string, Channel>;
  readonly uploads: Map<string, Upload>;
  readonly files: Map<string, StoredFile>;
  readonly views: Map<string, readonly OpenView[]>;
  readonly homes: Map<string, OpenView>;
  post(message: NewMessage): Message;
  edit(channel: string, ts: string, change: Partial<Pick<Message, 'text' | 'blocks' | 'reactions' | 'metadata'>>): Message | undefined;
  remove(channel: string, ts: string): boolean;
  find(channel: string, ts: string): Message | undefined;
  /** Oldest first; `undefined` for a channel that does not exist. */
  history(channel: string): readonly Message[] | undefined;
  /** All that this person sees, oldest first. */
  visibleTo(user: string): readonly Message[];
  join(person: Omit<Person, 'bot'>): Person;
  keepFile(file: StoredFile): void;
  openView(user: string, view: ModalView, how: 'open' | 'push'): OpenView;
  replaceView(user: string, viewId: string, view: ModalView): OpenView | undefined;
  closeViews(user: string, viewId?: string): void;
  findView(viewId: string): OpenView | undefined;
  publishHome(user: string, view: ModalView): OpenView;
  say(change: Change): void;
  listen(listener: (change: Change) => void): () => void;
}

/** Gives block ids to blocks that have none, as Slack does. */
const withIds = (blocks: readonly Block[]): readonly Block[] =>
  blocks.map((block, index) => (block.block_id === undefined || block.block_id === '' ? { ...block, block_id: `b${index}` } : block));

const imOf = (person: Pick<Person, 'id'>): Channel => ({
  id: `D0${person.id.slice(2)}`,
  name: 'nova',
  kind: 'im',
  user: person.id,
  purpose: 'Between you and the app',
});

export function createWorkspace(clock: Clock, limits: Limits = LIMITS): Workspace {
  const messages = new Map<string, Message[]>();
  const ephemerals: Message[] = [];
  const listeners = new Set<(change: Change) => void>();
  const people = new Map<string, Person>();
  const channels = new Map<string, Channel>();
  const files = new Map<string, StoredFile>();
  const views = new Map<string, readonly OpenView[]>();
  const homes = new Map<string, OpenView>();
  let lastMicros = 0;
  let viewCount = 0;

  const nextTs = (): string => {
    lastMicros = Math.max(lastMicros + 1, clock.now() * 1_000);
    return `${Math.floor(lastMicros / 1e6)}.${String(lastMicros % 1e6).padStart(6, '0')}`;
  };
  const say = (change: Change): void => {
    for (const listener of listeners) listener(change);
  };
  const addChannel = (channel: Channel): void => {
    channels.set(channel.id, channel);
    messages.set(channel.id, []);
  };
  const dropOldest = (list: Message[], max: number): void => {
    for (const old of list.splice(0, Math.max(0, list.length - max))) {
      say({ is: 'removed', channel: old.channel, ts: old.ts, ephemeralFor: old.ephemeralFor });
    }
  };
  const listOf = (message: Pick<Message, 'channel' | 'ephemeralFor'>): Message[] =>
    message.ephemeralFor === null ? (messages.get(message.channel) ?? []) : ephemerals;
  const at = (channel: string, ts: string): { list: Message[]; index: number } | undefined => {
    for (const list of [messages.get(channel) ?? [], ephemerals]) {
      const index = list.findIndex((message) => message.ts === ts && message.channel === channel);
      if (index >= 0) return { list, index };
    }
    return undefined;
  };
  const freshView = (user: string, view: ModalView, id: string): OpenView => {
    viewCount += 1;
    return { ...view, blocks: withIds(view.blocks), id, hash: `${viewCount}.${id}`, user };
  };
  const setViews = (user: string, stack: readonly OpenView[]): void => {
    views.set(user, stack);
    say({ is: 'views', user, views: stack });
  };

  addChannel({ id: 'C0OPS', name: 'ops', kind: 'channel', user: null, purpose: 'Machines, day and night' });
  addChannel({ id: 'C0GENERAL', name: 'general', kind: 'channel', user: null, purpose: 'Everybody is here' });

  return {
    people,
    channels,
    uploads: new Map(),
    files,
    views,
    homes,
    say,
    post(message) {
      const made: Message = {
        ts: nextTs(),
        channel: message.channel,
        user: message.user,
        text: message.text,
        blocks: withIds(message.blocks ?? []),
        threadTs: message.threadTs ?? null,
        editedTs: null,
        ephemeralFor: message.ephemeralFor ?? null,
        files: message.files ?? [],
        reactions: [],
        metadata: message.metadata ?? null,
      };
      const list = listOf(made);
      list.push(made);
      say({ is: 'message', message: made });
      dropOldest(list, made.ephemeralFor === null ? limits.messagesPerChannelMax : limits.ephemeralsMax);
      return made;
    },
    edit(channel, ts, change) {
      const found = at(channel, ts);
      const before = found?.list[found.index];
      if (!found || !before) return undefined;
      const isEdit = change.text !== undefined || change.blocks !== undefined;
      const blocks = change.blocks === undefined ? before.blocks : withIds(change.blocks);
      const message: Message = { ...before, ...change, blocks, editedTs: isEdit ? nextTs() : before.editedTs };
      found.list[found.index] = message;
      say({ is: 'message', message });
      return message;
    },
    remove(channel, ts) {
      const found = at(channel, ts);
      const [gone] = found ? found.list.splice(found.index, 1) : [];
      if (gone) say({ is: 'removed', channel, ts, ephemeralFor: gone.ephemeralFor });
      return gone !== undefined;
    },
    find(channel, ts) {
      const found = at(channel, ts);
      return found?.list[found.index];
    },
    history: (channel) => messages.get(channel),
    visibleTo(user) {
      const seen = [...channels.values()].filter((channel) => channel.user === null || channel.user === user);
      const open = seen.flatMap((channel) => messages.get(channel.id) ?? []);
      const own = ephemerals.filter((message) => message.ephemeralFor === user);
      return [...open, ...own].toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
    },
    join(person) {
      const joined: Person = { ...person, bot: person.id === BOT_USER_ID || person.id === SLACKBOT_ID };
      people.set(joined.id, joined);
      if (!joined.bot) addChannel(imOf(joined));
      say({ is: 'person', person: joined });
      return joined;
    },
    keepFile(file) {
      files.set(file.id, file);
      let total = [...files.values()].reduce((sum, kept) => sum + kept.sizeBytes, 0);
      for (const [id, kept] of files) {
        if (total <= limits.filesBytesMax || id === file.id) break;
        files.delete(id);
        total -= kept.sizeBytes;
      }
    },
    openView(user, view, how) {
      const opened = freshView(user, view, `V${String(viewCount + 1).padStart(6, '0')}`);
      setViews(user, how === 'push' ? [...(views.get(user) ?? []), opened].slice(-limits.viewsPerPersonMax) : [opened]);
      return opened;
    },
    replaceView(user, viewId, view) {
      const stack = views.get(user) ?? [];
      if (!stack.some((open) => open.id === viewId)) return undefined;
      const fresh = freshView(user, view, viewId);
      setViews(
        user,
        stack.map((open) => (open.id === viewId ? fresh : open)),
      );
      return fresh;
    },
    closeViews(user, viewId) {
      const stack = views.get(user) ?? [];
      if (stack.length > 0) setViews(user, viewId === undefined ? [] : stack.filter((open) => open.id !== viewId));
    },
    findView: (viewId) =>
      [...views.values()].flat().find((view) => view.id === viewId) ?? [...homes.values()].find((view) => view.id === viewId),
    publishHome(user, view) {
      const home = freshView(user, view, `VHOME${user}`);
      homes.set(user, home);
      say({ is: 'home', user, view: home });
      return home;
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
