import { Bell } from './bell.ts';
import { ConnectionError } from './errors.ts';
import { streamChunkBytesMax } from './wire/packet.ts';

/** The connection under a stream: it carries nothing else, so pausing it holds up nobody. */
export interface StreamCarrier {
  /** Sends data; resolves when there is room for more. */
  sendData(bytes: Uint8Array): Promise<void>;
  /** Says that there are no more data from this side. */
  sendEnd(): void;
  /** Stops and starts reading from the server. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Unread bytes at which the server is held up, and at which it may go on. */
const unreadBytesMax = 1024 * 1024;
const unreadBytesLow = unreadBytesMax / 4;

/**
 * Bytes to and from the server: a console, an upload, a download. Reading is by `for await`; leaving the loop early gives the stream up.
 * At most about 1 MiB waits here unread, then the server has to wait.
 */
export class Stream implements AsyncIterable<Uint8Array>, AsyncDisposable {
  private readonly carrier: StreamCarrier;
  private readonly unread: Uint8Array[] = [];
  private unreadBytes = 0;
  private paused = false;
  private sourceEnded = false;
  private state: 'open' | 'finishing' | 'ended' = 'open';
  private error: Error | undefined;
  private readonly bell = new Bell();
  private onFinished: (() => void) | undefined;

  constructor(carrier: StreamCarrier) {
    this.carrier = carrier;
  }

  /** For the connection: data came. None at all is how libvirt says that it has no more to send. */
  receive(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    if (bytes.length === 0) this.sourceEnded = true;
    else this.unread.push(bytes);
    this.unreadBytes += bytes.length;
    if (this.unreadBytes >= unreadBytesMax && !this.paused) {
      this.paused = true;
      this.carrier.pause();
    }
    this.bell.ring();
  }

  /** For the connection: the stream is over, by its end or by an error. What was read before stays readable. */
  settle(error?: Error): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.error = error;
    this.carrier.close();
    this.bell.ring();
    this.onFinished?.();
  }

  /** Sends bytes; await it before the next write, that is the back-pressure. */
  async write(bytes: Uint8Array | string): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    for (let at = 0; at < data.length; at += streamChunkBytesMax) {
      this.expectOpen();
      await this.carrier.sendData(data.subarray(at, at + streamChunkBytesMax));
    }
    if (this.error) throw this.error;
  }

  private expectOpen(): void {
    if (this.error) throw this.error;
    if (this.state !== 'open') throw new ConnectionError('closed', 'The stream is over; nothing more can be written.');
  }

  /** Says that all is written and waits until the server has taken it. Rejects with the server's error when it has not. */
  async finish(): Promise<void> {
    if (this.state === 'open') {
      this.state = 'finishing';
      // The confirmation comes after what is still on its way to us, which nobody will read.
      this.dropUnread();
      this.carrier.sendEnd();
      await new Promise<void>((resolve) => {
        this.onFinished = resolve;
      });
    }
    if (this.error) throw this.error;
  }

  private dropUnread(): void {
    this.unread.length = 0;
    this.consumed(this.unreadBytes);
  }

  /** Gives the stream up; what was written so far may or may not have been taken. */
  abort(reason = new ConnectionError('aborted', 'The stream was given up.')): void {
    if (this.state === 'ended') return;
    // The end of its connection is what makes the server give it up too.
    this.settle(reason);
  }

  private consumed(bytes: number): void {
    this.unreadBytes -= bytes;
    if (!this.paused || this.unreadBytes > unreadBytesLow) return;
    this.paused = false;
    this.carrier.resume();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const bytes = this.unread.shift();
        if (bytes) {
          this.consumed(bytes.length);
          yield bytes;
        } else if (this.error) throw this.error;
        else if (this.state === 'ended') return;
        // The server keeps the stream until the end of its data is confirmed.
        else if (this.sourceEnded) await this.finish();
        else await this.bell.rung();
      }
    } finally {
      this.abort();
    }
  }

  // oxlint-disable-next-line typescript/require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
  }
}
