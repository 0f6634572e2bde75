import type { Clock } from 'novacron/plugin';
import type { Block, Change, Channel, Message, SharedFile } from './protocol.ts';

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

export interface Messages {
  post(message: NewMessage): Message;
  edit(channel: string, ts: string, change: Partial<Pick<Message, 'text' | 'blocks' | 'reactions' | 'metadata'>>): Message | undefined;
  remove(channel: string, ts: string): boolean;
  find(channel: string, ts: string): Message | undefined;
  /** Oldest first; `undefined` for a channel that does not exist. */
  history(channel: string): readonly Message[] | undefined;
  /** All messages that this person sees, oldest first. */
  visibleTo(user: string): readonly Message[];
}

export interface MessagesDeps {
  readonly clock: Clock;
  readonly limits: { readonly messagesPerChannelMax: number; readonly ephemeralsMax: number };
  readonly channels: ReadonlyMap<string, Channel>;
  readonly say: (change: Change) => void;
}

/** Gives block ids to blocks that have none, as Slack does. */
export const withIds = (blocks: readonly Block[]): readonly Block[] =>
  blocks.map((block, index) => (block.block_id === undefined || block.block_id === '' ? { ...block, block_id: `b${index}` } : block));

/** Slack's timestamps are ids: no two messages have the same. */
function createTimestamps(clock: Clock): () => string {
  let lastMicros = 0;
  return () => {
    lastMicros = Math.max(lastMicros + 1, Math.floor(clock.now() * 1_000));
    return `${Math.floor(lastMicros / 1e6)}.${String(lastMicros % 1e6).padStart(6, '0')}`;
  };
}

interface Store {
  readonly byChannel: Map<string, Message[]>;
  readonly ephemerals: Message[];
}

const listOf = (store: Store, message: Pick<Message, 'channel' | 'ephemeralFor'>): Message[] => {
  if (message.ephemeralFor !== null) return store.ephemerals;
  const list = store.byChannel.get(message.channel) ?? [];
  store.byChannel.set(message.channel, list);
  return list;
};

function locate(store: Store, channel: string, ts: string): { readonly list: Message[]; readonly index: number } | undefined {
  for (const list of [store.byChannel.get(channel) ?? [], store.ephemerals]) {
    const index = list.findIndex((message) => message.ts === ts && message.channel === channel);
    if (index >= 0) return { list, index };
  }
  return undefined;
}

function visible(store: Store, channels: Iterable<Channel>, user: string): readonly Message[] {
  const seen = [...channels].filter((channel) => channel.user === null || channel.user === user);
  const open = seen.flatMap((channel) => store.byChannel.get(channel.id) ?? []);
  const own = store.ephemerals.filter((message) => message.ephemeralFor === user);
  return [...open, ...own].toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
}

export function createMessages({ clock, limits, channels, say }: MessagesDeps): Messages {
  const store: Store = { byChannel: new Map(), ephemerals: [] };
  const nextTs = createTimestamps(clock);
  const dropOldest = (list: Message[], max: number): void => {
    for (const old of list.splice(0, Math.max(0, list.length - max))) {
      say({ is: 'removed', channel: old.channel, ts: old.ts, ephemeralFor: old.ephemeralFor });
    }
  };
  return {
    post({ channel, user, text, ...rest }) {
      const { blocks = [], threadTs = null, ephemeralFor = null, files = [], metadata = null } = rest;
      const content = { channel, user, text, blocks: withIds(blocks), threadTs, ephemeralFor, files, metadata };
      const message: Message = { ...content, ts: nextTs(), editedTs: null, reactions: [] };
      const list = listOf(store, message);
      list.push(message);
      say({ is: 'message', message });
      dropOldest(list, ephemeralFor === null ? limits.messagesPerChannelMax : limits.ephemeralsMax);
      return message;
    },
    edit(channel, ts, change) {
      const found = locate(store, channel, ts);
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
      const found = locate(store, channel, ts);
      const [gone] = found ? found.list.splice(found.index, 1) : [];
      if (gone) say({ is: 'removed', channel, ts, ephemeralFor: gone.ephemeralFor });
      return gone !== undefined;
    },
    find(channel, ts) {
      const found = locate(store, channel, ts);
      return found?.list[found.index];
    },
    history: (channel) => (channels.has(channel) ? (store.byChannel.get(channel) ?? []) : undefined),
    visibleTo: (user) => visible(store, channels.values(), user),
  };
}
