import { Bell } from './bell.ts';

/** Events are missing here: look at the state of things instead of relying on what came before. */
export interface Gap {
  kind: 'gap';
  /** `overflow`: the reader was too slow. `reconnected`: the connection was re-made. */
  reason: 'overflow' | 'reconnected';
  /** How many events were dropped; null when nobody can know. */
  dropped: number | null;
}

export interface EventQueueOptions {
  signal?: AbortSignal;
  /** Events that may wait for the reader; more are dropped and a gap is put in their place. */
  eventsMax: number;
  /** Called once when nobody reads any more. */
  onClose(): void;
}

/** Events of one listener in the order they came, up to a limit. It never makes the connection wait. */
export class EventQueue<T> implements AsyncIterable<T | Gap>, AsyncDisposable {
  private readonly options: EventQueueOptions;
  private readonly waiting: (T | Gap)[] = [];
  private lastGap: Gap | undefined;
  private closed = false;
  private error: Error | undefined;
  private readonly bell = new Bell();
  private readonly opening = Promise.withResolvers<void>();
  private readonly onAbort = () => this.close();

  constructor(options: EventQueueOptions) {
    this.options = options;
    // Whoever does not wait for `ready` learns of the failure when reading.
    this.opening.promise.catch(() => undefined);
    if (options.signal?.aborted) queueMicrotask(this.onAbort);
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Resolves when the server has taken the registration: what happens from then on is not missed. */
  get ready(): Promise<void> {
    return this.opening.promise;
  }

  opened(): void {
    this.opening.resolve();
  }

  /** Adds an event, or counts it as dropped when too many wait already. */
  push(event: T): void {
    if (this.waiting.length >= this.options.eventsMax) {
      this.mark('overflow');
      return;
    }
    this.waiting.push(event);
    this.bell.ring();
  }

  /** Notes that events are missing here. Several gaps without an event between them are one. */
  mark(reason: Gap['reason']): void {
    const last = this.lastGap;
    if (last && this.waiting.at(-1) === last) {
      if (reason === 'reconnected') last.reason = reason;
      last.dropped = last.reason === 'overflow' && last.dropped !== null ? last.dropped + 1 : null;
    } else {
      this.lastGap = { kind: 'gap', reason, dropped: reason === 'overflow' ? 1 : null };
      this.waiting.push(this.lastGap);
    }
    this.bell.ring();
  }

  /** Ends the queue after what waits in it: with an error, or quietly. */
  fail(error: Error | undefined): void {
    this.error = error;
    if (error) this.opening.reject(error);
    this.close();
  }

  /** Stops listening. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.opening.resolve();
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.options.onClose();
    this.bell.ring();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T | Gap, void, undefined> {
    try {
      for (;;) {
        const next = this.waiting.shift();
        if (next) yield next;
        else if (this.error) throw this.error;
        else if (this.closed) return;
        else await this.bell.rung();
      }
    } finally {
      this.close();
    }
  }

  // oxlint-disable-next-line typescript/require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
