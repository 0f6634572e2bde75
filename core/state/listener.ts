import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, type Log } from '../contract.ts';
import { stateError } from './errors.ts';
import { clientOptions } from './pool.ts';

export type Listener = (payload: string) => void;

export interface Notifications {
  listen(channel: string, listener: Listener): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

interface Hub {
  readonly url: string;
  readonly log: Log;
  readonly channels: Map<string, Set<Listener>>;
  readonly closing: AbortController;
  client: Client | undefined;
  /** The connection that is being made, so that two callers wait for the same one. */
  connecting: Promise<Client> | undefined;
}

const CHANNEL = /^[a-z][a-z0-9_]{0,62}$/;
const RETRY_MS_MAX = 2_000;

export function checkChannel(channel: string): string {
  if (!CHANNEL.test(channel))
    throw new HubError('state_channel_invalid', `"${channel.slice(0, 80)}" is no channel name: use a-z, 0-9 and _.`, { status: 400 });
  return channel;
}

function tell(hub: Hub, channel: string, payload: string): void {
  for (const listener of hub.channels.get(channel) ?? []) {
    try {
      listener(payload);
    } catch (error) {
      hub.log.error({ channel, error }, 'a listener failed');
    }
  }
}

async function connect(hub: Hub): Promise<Client> {
  const client = new Client({ ...clientOptions(hub.url, 15_000), idle_in_transaction_session_timeout: 0 });
  client.on('notification', ({ channel, payload }) => tell(hub, channel, payload ?? ''));
  client.on('error', (error) => hub.log.warn({ error: error.message }, 'the PostgreSQL connection that listens was lost'));
  client.once('end', () => {
    if (hub.client !== client) return;
    hub.client = undefined;
    void reconnect(hub);
  });
  await client.connect();
  for (const channel of hub.channels.keys()) await client.query(`listen "${channel}"`);
  hub.client = client;
  return client;
}

/** Tries until it works or the state is closed. What was said meanwhile is lost, so every listener is told once with an empty payload. */
async function reconnect(hub: Hub): Promise<void> {
  for (let waitMs = 50; !hub.closing.signal.aborted; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
    try {
      await ensure(hub);
      for (const channel of hub.channels.keys()) tell(hub, channel, '');
      return;
    } catch (error) {
      hub.log.debug({ error }, 'listening again failed; the next try follows');
    }
    await sleep(waitMs, undefined, { signal: hub.closing.signal, ref: false }).catch(() => undefined);
  }
}

async function ensure(hub: Hub): Promise<Client> {
  if (hub.client !== undefined) return hub.client;
  hub.connecting ??= connect(hub).finally(() => (hub.connecting = undefined));
  return await hub.connecting;
}

async function addListener(hub: Hub, channel: string, listener: Listener): Promise<void> {
  const listeners = hub.channels.get(channel);
  if (listeners !== undefined) {
    listeners.add(listener);
    return;
  }
  hub.channels.set(channel, new Set([listener]));
  try {
    await (await ensure(hub)).query(`listen "${channel}"`);
  } catch (error) {
    hub.channels.delete(channel);
    throw stateError(error);
  }
}

async function removeListener(hub: Hub, channel: string, listener: Listener): Promise<void> {
  const listeners = hub.channels.get(channel);
  listeners?.delete(listener);
  if (listeners?.size !== 0) return;
  hub.channels.delete(channel);
  // When it is not connected there is nothing to take back: the next connection listens to what is left.
  await hub.client?.query(`unlisten "${channel}"`).catch(() => undefined);
}

/** One connection of its own, made on the first `listen`. */
export function createNotifications(url: string, log: Log): Notifications {
  const hub: Hub = { url, log, channels: new Map(), closing: new AbortController(), client: undefined, connecting: undefined };
  return {
    async listen(channel, listener) {
      await addListener(hub, checkChannel(channel), listener);
      return () => removeListener(hub, channel, listener);
    },
    async close() {
      hub.closing.abort();
      const client = hub.client ?? (await hub.connecting?.catch(() => undefined));
      hub.client = undefined;
      await client?.end();
    },
  };
}
