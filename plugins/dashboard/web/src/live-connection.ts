import type { EventGap, HubEvent, SampleBatch } from 'novacron/plugin';

export interface LiveMessage {
  readonly ready?: object;
  readonly event?: HubEvent;
  readonly gap?: EventGap;
  readonly samples?: SampleBatch;
}

export interface LiveOptions {
  readonly url: string;
  readonly token: string;
  onMessage(message: LiveMessage): void;
  onConnected(isConnected: boolean): void;
}

const SUBSCRIBE = { subscribe: { events: ['job.changed', 'job.ended', 'resource.changed', 'incident.changed'], metrics: ['vm'] } };
const RETRY_MS = [500, 1000, 2000, 5000, 10_000] as const;

/** One WebSocket that comes back by itself, slower each time; a new token is told to the connection that is there. */
export class LiveConnection {
  readonly #options: LiveOptions;
  #token: string;
  #socket: WebSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#token = options.token;
    this.#dial();
  }

  setToken(token: string): void {
    if (token === this.#token) return;
    this.#token = token;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ auth: token }));
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#isClosed = true;
    this.#socket?.close();
  }

  #dial(): void {
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ auth: this.#token }));
      socket.send(JSON.stringify(SUBSCRIBE));
    });
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as LiveMessage;
      if (message.ready !== undefined) {
        this.#failures = 0;
        this.#options.onConnected(true);
      }
      this.#options.onMessage(message);
    });
    socket.addEventListener('close', () => {
      if (this.#isClosed) return;
      this.#options.onConnected(false);
      const waitMs = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
      this.#failures += 1;
      this.#retry = setTimeout(() => this.#dial(), waitMs);
    });
  }
}
