import { randomBytes, randomUUID } from 'node:crypto';
import type { Log } from 'novacron/plugin';
import type { WebSocket } from 'ws';
import { APP_ID } from './workspace.ts';

/** Slack shows an error to the person when the app has not acknowledged by then. */
export const ACK_TIMEOUT_MS = 3_000;
const TICKET_TTL_MS = 30_000;
const CONNECTIONS_MAX = 10;
const CLOSE_WAIT_MS = 500;
/** Slack's client reconnects when it hears no ping for 30 s. */
const PING_EVERY_MS = 10_000;

export type EnvelopeType = 'slash_commands' | 'interactive' | 'events_api';

export interface Envelope {
  readonly envelope_id: string;
  readonly type: EnvelopeType;
  readonly payload: unknown;
  readonly accepts_response_payload: boolean;
  readonly retry_attempt?: number;
  readonly retry_reason?: string;
}

/** `dispatch_failed`: no app is connected. `operation_timeout`: it did not acknowledge in time. */
export type Ack = { readonly ok: true; readonly payload: unknown; readonly ms: number } | { readonly ok: false; readonly error: string };

export interface SocketMode {
  ticket(): string;
  redeem(ticket: string | null): boolean;
  accept(socket: WebSocket): void;
  /** Sends an envelope to one connection of the app and waits for the acknowledgement. */
  deliver(type: EnvelopeType, payload: unknown): Promise<Ack>;
  /** Sends the last envelope of this type once more, as Slack does when an acknowledgement got lost. */
  redeliver(type: EnvelopeType): Promise<Ack>;
  connected(): boolean;
  /** Cuts all connections without a word. */
  cut(): void;
  close(): Promise<void>;
}

const parse = (data: string): { envelope_id?: unknown; payload?: unknown } | undefined => {
  try {
    return JSON.parse(data) as { envelope_id?: unknown; payload?: unknown };
  } catch {
    return undefined;
  }
};

/** A ticket opens one socket, once, soon. */
function createTickets(hasRoom: () => boolean): Pick<SocketMode, 'ticket' | 'redeem'> {
  const tickets = new Map<string, number>();
  return {
    ticket() {
      const ticket = randomBytes(24).toString('base64url');
      tickets.set(ticket, performance.now() + TICKET_TTL_MS);
      for (const [old, expiresAt] of tickets) if (expiresAt < performance.now()) tickets.delete(old);
      return ticket;
    },
    redeem(ticket) {
      const expiresAt = ticket === null ? undefined : tickets.get(ticket);
      if (ticket !== null) tickets.delete(ticket);
      return expiresAt !== undefined && expiresAt >= performance.now() && hasRoom();
    },
  };
}

export function createSocketMode(options: { readonly log: Log; readonly onChange: (connected: boolean) => void }): SocketMode {
  const sockets = new Set<WebSocket>();
  const waiting = new Map<string, (payload: unknown) => void>();
  const last = new Map<EnvelopeType, Envelope>();
  let turn = 0;

  const send = async (envelope: Envelope): Promise<Ack> => {
    const open = [...sockets].filter((socket) => socket.readyState === socket.OPEN);
    const socket = open[turn++ % Math.max(1, open.length)];
    if (!socket) return { ok: false, error: 'dispatch_failed' };
    const sentAt = performance.now();
    const { promise, resolve } = Promise.withResolvers<Ack>();
    const timer = setTimeout(() => resolve({ ok: false, error: 'operation_timeout' }), ACK_TIMEOUT_MS);
    waiting.set(envelope.envelope_id, (payload) => resolve({ ok: true, payload, ms: performance.now() - sentAt }));
    socket.send(JSON.stringify(envelope));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(envelope.envelope_id);
    }
  };

  return {
    ...createTickets(() => sockets.size < CONNECTIONS_MAX),
    accept(socket) {
      sockets.add(socket);
      const info = { type: 'hello', num_connections: sockets.size, connection_info: { app_id: APP_ID }, debug_info: { host: 'sandbox' } };
      socket.send(JSON.stringify(info));
      socket.on('message', (data: Buffer) => {
        const answer = parse(data.toString());
        if (answer && typeof answer.envelope_id === 'string') waiting.get(answer.envelope_id)?.(answer.payload);
      });
      socket.on('error', (error) => options.log.debug({ error: error.message }, 'The socket of the app failed'));
      const pings = setInterval(() => socket.ping(), PING_EVERY_MS);
      socket.on('close', () => {
        clearInterval(pings);
        sockets.delete(socket);
        if (sockets.size === 0) options.onChange(false);
      });
      options.onChange(true);
    },
    deliver(type, payload) {
      const envelope: Envelope = { envelope_id: randomUUID(), type, payload, accepts_response_payload: true };
      last.set(type, envelope);
      return send(envelope);
    },
    async redeliver(type) {
      const envelope = last.get(type);
      return envelope ? send({ ...envelope, retry_attempt: 1, retry_reason: 'timeout' }) : { ok: false, error: 'nothing_to_redeliver' };
    },
    connected: () => sockets.size > 0,
    cut() {
      for (const socket of sockets) socket.terminate();
    },
    async close() {
      const open = [...sockets];
      const closed = open.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
      for (const socket of open) socket.close(1001);
      // A client that is cut off without the closing handshake waits 30 s for it.
      const timer = setTimeout(() => open.forEach((socket) => socket.terminate()), CLOSE_WAIT_MS);
      await Promise.all(closed);
      clearTimeout(timer);
    },
  };
}
