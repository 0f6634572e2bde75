import { randomUUID } from 'node:crypto';
import { type Clock, type EventGap, type Events, HubError, type HubEvent, type Log } from '../contract.ts';
import { createBatcher } from '../state/batcher.ts';
import type { State } from '../state/state.ts';
import { createEventQueue, type EventQueue } from './queue.ts';
import { cursorRange, deleteEventsUpTo, insertEvents, selectEvents, sees, type Unsent, type View } from './store.ts';

export interface EventsOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  /** Older events are forgotten; who asks for them gets a gap. Default 100,000. */
  readonly retainRowsMax?: number;
  /** Default 1,000. */
  readonly subscribersMax?: number;
}

interface Subscriber {
  readonly view: View;
  readonly queue: EventQueue;
}

interface Stream extends EventsOptions {
  /** Tells our own notifications from those of other hubs. */
  readonly hub: string;
  readonly subscribers: Set<Subscriber>;
  /** Committed here, not yet given out. */
  readonly own: Map<number, HubEvent>;
  /** The newest cursor that was given out to the subscribers of this hub. */
  given: number;
  /** The newest cursor known to be in the database. */
  known: number;
  giving: Promise<void>;
  isGiving: boolean;
  closed: boolean;
  unpruned: number;
  /** Subscribers that wait for nothing but more events, to be ended at close. */
  readonly closing: AbortController;
}

const CHANNEL = 'novacron_events';
const PAGE_ROWS = 500;
const RETRY_MS = 1_000;
const DATA_BYTES_MAX = 1_000_000;
const EVERYTHING: View = { actor: null, types: undefined };

function give(stream: Stream, event: HubEvent): void {
  stream.given = event.cursor;
  for (const { view, queue } of stream.subscribers) if (sees(view, event)) queue.push(event);
}

/** From memory, when the next one was committed here. */
function giveOwn(stream: Stream): boolean {
  const next = stream.own.get(stream.given + 1);
  if (next === undefined) return false;
  stream.own.delete(next.cursor);
  give(stream, next);
  return true;
}

async function givePage(stream: Stream): Promise<void> {
  const target = stream.known;
  const rows = await selectEvents(stream.state, stream.given, { view: EVERYTHING, rowsMax: PAGE_ROWS });
  for (const event of rows) {
    stream.own.delete(event.cursor);
    give(stream, event);
  }
  // Cursors that never became events (a transaction that was rolled back) leave holes: nothing will come in them.
  if (rows.length < PAGE_ROWS) stream.given = Math.max(stream.given, target);
}

/** Gives out, in the order of cursors, what was committed here or by another hub. */
async function giveAll(stream: Stream): Promise<void> {
  stream.isGiving = true;
  try {
    while (stream.given < stream.known && !stream.closed) {
      if (!giveOwn(stream)) await givePage(stream);
    }
  } catch (error) {
    stream.log.warn({ error }, 'events could not be read; the next try follows');
    setTimeout(() => advance(stream, stream.known), RETRY_MS).unref();
  } finally {
    // In the same turn as the last look at what is known: what comes later finds nobody giving and starts anew.
    stream.isGiving = false;
  }
}

function advance(stream: Stream, cursor: number): void {
  stream.known = Math.max(stream.known, cursor);
  if (!stream.isGiving && !stream.closed) stream.giving = giveAll(stream);
}

/** An empty payload says that notifications may have been missed: the database knows. */
async function onNotification(stream: Stream, payload: string): Promise<void> {
  const [hub, cursor] = payload.split(' ');
  if (hub === stream.hub) return;
  const newest = payload === '' ? ((await cursorRange(stream.state))?.newest ?? 0) : Number(cursor);
  if (Number.isSafeInteger(newest)) advance(stream, newest);
}

async function prune(stream: Stream, cursor: number): Promise<void> {
  const retainRowsMax = stream.retainRowsMax ?? 100_000;
  stream.unpruned = 0;
  if (cursor > retainRowsMax) await deleteEventsUpTo(stream.state, cursor - retainRowsMax);
}

async function write(stream: Stream, items: readonly Unsent[]): Promise<void[]> {
  const cursors = await insertEvents(stream.state, stream.hub, items);
  for (const [index, { at, type, tenant, body }] of items.entries()) {
    const cursor = cursors[index];
    // What readers get is what was stored, so that live and resumed events are the same to them.
    if (cursor !== undefined && cursor > stream.given)
      stream.own.set(cursor, { cursor, at, type, tenant, data: JSON.parse(body) as HubEvent['data'] });
  }
  const newest = cursors.at(-1) ?? 0;
  advance(stream, newest);
  stream.unpruned += items.length;
  if (stream.unpruned >= Math.min(1_000, stream.retainRowsMax ?? 100_000)) {
    prune(stream, newest).catch((error: unknown) => stream.log.warn({ error }, 'old events could not be removed; the next try follows'));
  }
  return items.map(() => undefined);
}

type SubscribeOptions = Parameters<Events['subscribe']>[0];

/** Where to go on from, and the gap to say first when what lies between is gone or never was. */
async function startFrom(stream: Stream, after: number): Promise<{ position: number; gap: EventGap | undefined }> {
  const range = await cursorRange(stream.state);
  const newest = Math.max(range?.newest ?? 0, stream.given);
  if (after > newest) return { position: newest, gap: { type: 'gap', missed: null, cursor: newest } };
  const before = range === undefined ? newest : range.oldest - 1;
  if (after < before) return { position: before, gap: { type: 'gap', missed: null, cursor: before } };
  return { position: after, gap: undefined };
}

/** Pages from the database at the reader's own speed until it has caught up; joins the live ones in the same turn in which that is seen. */
async function* replay(
  stream: Stream,
  after: number,
  { subscriber, signal }: { subscriber: Subscriber; signal: AbortSignal },
): AsyncGenerator<HubEvent | EventGap> {
  let { position, gap } = await startFrom(stream, after);
  if (gap !== undefined) yield gap;
  while (!signal.aborted) {
    const target = stream.given;
    if (position >= target) {
      // No await between this look and the joining: nothing falls between.
      stream.subscribers.add(subscriber);
      return;
    }
    const rows = await selectEvents(stream.state, position, { view: subscriber.view, rowsMax: PAGE_ROWS });
    for (const event of rows) {
      if (signal.aborted) return;
      position = event.cursor;
      yield event;
    }
    if (rows.length < PAGE_ROWS) position = Math.max(position, target);
  }
}

async function* read(stream: Stream, options: SubscribeOptions, subscriber: Subscriber): AsyncGenerator<HubEvent | EventGap> {
  const signal = AbortSignal.any([options.signal, stream.closing.signal]);
  const end = (): void => {
    stream.subscribers.delete(subscriber);
    subscriber.queue.close();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    let last = 0;
    if (options.after !== undefined) {
      for await (const item of replay(stream, options.after, { subscriber, signal })) {
        last = Math.max(last, item.cursor);
        yield item;
      }
    }
    for (;;) {
      const item = await subscriber.queue.next();
      if (item === undefined) return;
      if (item.cursor > last) yield item;
    }
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

function subscribe(stream: Stream, options: SubscribeOptions): AsyncIterable<HubEvent | EventGap> {
  if (stream.subscribers.size >= (stream.subscribersMax ?? 1_000)) {
    throw new HubError('events_subscribers', 'Too many readers follow the events. Close one, or try again later.', {
      status: 503,
      retryable: true,
    });
  }
  const subscriber: Subscriber = {
    view: { actor: options.actor, types: options.types },
    queue: createEventQueue(Math.max(1, options.bufferMax ?? 1_000)),
  };
  // Live readers see what happens from this call on, also before they ask for the first event.
  if (options.after === undefined && !options.signal.aborted && !stream.closed) {
    stream.subscribers.add(subscriber);
    options.signal.addEventListener('abort', () => void stream.subscribers.delete(subscriber), { once: true });
  }
  return read(stream, options, subscriber);
}

function unsentOf(stream: Stream, { type, tenant, data }: Pick<HubEvent, 'type' | 'tenant' | 'data'>): Unsent {
  const body = JSON.stringify(data);
  if (Buffer.byteLength(body) > DATA_BYTES_MAX)
    throw new HubError(
      'event_too_big',
      `An event of type "${type}" has more than ${DATA_BYTES_MAX} bytes. Store the data and publish its id.`,
    );
  return { at: stream.clock.now(), type, tenant, body };
}

export async function createEvents(options: EventsOptions): Promise<Events & { close(): Promise<void> }> {
  const newest = (await cursorRange(options.state))?.newest ?? 0;
  const stream: Stream = {
    ...options,
    hub: randomUUID(),
    subscribers: new Set(),
    own: new Map(),
    given: newest,
    known: newest,
    giving: Promise.resolve(),
    isGiving: false,
    closed: false,
    unpruned: 0,
    closing: new AbortController(),
  };
  const batcher = createBatcher({
    write: (items: readonly Unsent[]) => write(stream, items),
    batchMax: 500,
    queueMax: 10_000,
    overloaded: () =>
      new HubError('events_overloaded', 'Too many events wait to be stored. Try again in a moment.', { status: 503, retryable: true }),
  });
  const unlisten = await options.state.listen(CHANNEL, (payload) => {
    onNotification(stream, payload).catch((error: unknown) =>
      options.log.warn({ error }, 'a notification of events could not be followed'),
    );
  });
  // Between the first look and the listening another hub may have published.
  await onNotification(stream, '');
  return {
    async publish(type, tenant, data) {
      await batcher.add(unsentOf(stream, { type, tenant, data }));
    },
    subscribe: (subscription) => subscribe(stream, subscription),
    async close() {
      await batcher.idle();
      await stream.giving;
      stream.closed = true;
      stream.closing.abort();
      await unlisten();
    },
  };
}
