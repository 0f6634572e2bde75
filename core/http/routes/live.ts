import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { HubError } from '../../contract/errors.ts';
import type { EventTypes } from '../../contract/services.ts';
import type { Actor } from '../../contract/things.ts';
import { recheckAt, tokenOf, verifyToken } from '../authenticate.ts';
import type { HttpLimits } from '../../plugins/hub-config.ts';
import type { HttpDeps } from '../deps.ts';
import { createOutbox, type Outbox } from '../outbox.ts';
import { toHubError, toProblem } from '../problems.ts';
import { followSamples } from '../samples.ts';
import type { Streams } from '../streams.ts';

/** What a client may say: who it is (again, before its token expires), and what it wants to hear. */
const Message = z.strictObject({
  auth: z.string().min(1).max(4096).optional(),
  subscribe: z
    .strictObject({
      events: z.array(z.string().max(100)).max(50).optional(),
      after: z.int().min(0).optional(),
      metrics: z.array(z.string().max(100)).max(20).optional(),
    })
    .optional(),
});

/** Close codes of our own (RFC 6455 leaves 4000-4999 to applications). */
export const CLOSE = { unauthorized: 4401, tooMany: 4429, malformed: 4400, slow: 4408, stopping: 1001 } as const;

const AUTH_WITHIN_MS = 5000;

type Deps = Pick<HttpDeps, 'events' | 'metrics' | 'resources' | 'identity' | 'clock' | 'log'>;

/** Events and samples over one WebSocket. Browsers cannot send a header here, so the token comes in the first message. */
export function registerLive(app: FastifyInstance, deps: Deps, options: { limits: HttpLimits; streams: Streams }): void {
  app.get('/live', { websocket: true }, (socket, request) => {
    const session = new LiveSession(deps, socket, options);
    const token = tokenOf(request);
    if (token !== null) session.receive(JSON.stringify({ auth: token }));
  });
}

class LiveSession {
  readonly #deps: Deps;
  readonly #socket: WebSocket;
  readonly #streams: Streams;
  readonly #outbox: Outbox;
  readonly #closed = new AbortController();
  #actor: Actor | null = null;
  #subscription: AbortController | null = null;
  #place: { leave(): void } | null = null;
  #timer: NodeJS.Timeout;
  /** Messages are handled one after the other: a subscription must not overtake the sign-in before it. */
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;

  constructor(deps: Deps, socket: WebSocket, { limits, streams }: { limits: HttpLimits; streams: Streams }) {
    this.#deps = deps;
    this.#socket = socket;
    this.#streams = streams;
    this.#outbox = createOutbox(socket, { limits, onSlow: () => this.#close(CLOSE.slow, 'too slow') });
    this.#timer = setTimeout(() => this.#close(CLOSE.unauthorized, 'sign in first'), AUTH_WITHIN_MS);
    socket.on('message', (data, isBinary) => this.receive(isBinary ? '' : asText(data)));
    socket.on('error', (error) => deps.log.debug({ err: error }, 'live connection broke'));
    socket.on('close', () => this.#end());
  }

  receive(text: string): void {
    if (this.#queued >= 20) return this.#close(CLOSE.malformed, 'too many messages at once');
    this.#queued += 1;
    this.#queue = this.#queue
      .then(() => this.#handle(text))
      .catch((error: unknown) => this.#refuse(error))
      .finally(() => {
        this.#queued -= 1;
      });
  }

  async #handle(text: string): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const message = Message.safeParse(parseJson(text));
    if (!message.success) return this.#close(CLOSE.malformed, 'not a message of this protocol');
    const { auth, subscribe } = message.data;
    if (auth !== undefined) await this.#signIn(auth);
    if (subscribe !== undefined) this.#subscribe(subscribe);
  }

  async #signIn(token: string): Promise<void> {
    const actor = await verifyToken(this.#deps.identity, token);
    if (this.#actor !== null && this.#actor.id !== actor.id) return this.#close(CLOSE.unauthorized, 'another person');
    this.#place ??= this.#streams.enter(actor, () => this.#close(CLOSE.stopping, 'the hub stops'));
    const isFirst = this.#actor === null;
    this.#actor = actor;
    this.#recheck(token);
    if (isFirst) await this.#outbox.send({ ready: { actor: { id: actor.id, name: actor.name } } });
  }

  /** A token that has expired or was revoked ends the connection, unless the client has sent a newer one. */
  #recheck(token: string): void {
    clearTimeout(this.#timer);
    const { clock, identity } = this.#deps;
    const waitMs = Math.max(0, recheckAt(token, clock.now()) - clock.now()) + 50;
    this.#timer = setTimeout(() => {
      verifyToken(identity, token).then(
        () => this.#recheck(token),
        (error: unknown) => this.#refuse(error),
      );
    }, waitMs);
  }

  #subscribe(wanted: NonNullable<z.output<typeof Message>['subscribe']>): void {
    const actor = this.#actor;
    if (actor === null) throw new HubError('auth_missing', 'Say who you are first: {"auth": token}.', { status: 401 });
    this.#subscription?.abort();
    this.#subscription = new AbortController();
    const signal = AbortSignal.any([this.#closed.signal, this.#subscription.signal]);
    const run = (work: Promise<void>) => void work.catch((error: unknown) => (signal.aborted ? undefined : this.#refuse(error)));
    if (wanted.events !== undefined) run(this.#followEvents({ actor, types: wanted.events, after: wanted.after, signal }));
    if (wanted.metrics !== undefined) run(followSamples(this.#deps, { actor, tables: wanted.metrics, outbox: this.#outbox, signal }));
  }

  async #followEvents(options: { actor: Actor; types: readonly string[]; after: number | undefined; signal: AbortSignal }): Promise<void> {
    const { actor, types, after, signal } = options;
    const events = this.#deps.events.subscribe({
      actor,
      signal,
      ...(types.length > 0 && { types: types as (keyof EventTypes)[] }),
      ...(after !== undefined && { after }),
    });
    for await (const event of events) await this.#outbox.send(event.type === 'gap' ? { gap: event } : { event });
  }

  /** Says why before it closes, so that a client need not know close codes. */
  #refuse(error: unknown): void {
    const refused = toHubError(error);
    if (refused.status >= 500) this.#deps.log.error({ err: error }, 'live connection failed');
    void this.#outbox.send({ error: toProblem(refused) });
    this.#close(refused.status === 429 ? CLOSE.tooMany : refused.status === 401 ? CLOSE.unauthorized : CLOSE.malformed, refused.code);
  }

  #close(code: number, reason: string): void {
    this.#end();
    this.#socket.close(code, reason);
    // A client that does not answer the close is cut off.
    setTimeout(() => this.#socket.terminate(), 2000).unref();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#closed.abort();
    this.#place?.leave();
    this.#outbox.stop();
  }
}

const asText = (data: Buffer | ArrayBuffer | Buffer[]): string =>
  Buffer.isBuffer(data)
    ? data.toString('utf8')
    : Array.isArray(data)
      ? Buffer.concat(data).toString('utf8')
      : Buffer.from(data).toString('utf8');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
