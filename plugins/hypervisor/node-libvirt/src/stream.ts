import { Bell } from './bell.ts';
import { ConnectionError } from './errors.ts';
import { streamChunkBytesMax } from './wire/packet.ts';

/** So many zeros that are not sent one by one: what a sparse file has none of on its disk. */
export interface Hole {
  holeBytes: number;
}

/** The connection under a stream: it carries nothing else, so pausing it holds up nobody. */
export interface StreamCarrier {
  /** Sends data; resolves when there is room for more. */
  sendData(bytes: Uint8Array): Promise<void>;
  sendHole(lengthBytes: number): Promise<void>;
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
/** What a hole counts for, so that a server cannot pile them up either. */
const holeCostBytes = 64;
/** Zeros are made in pieces of this size for whoever reads a hole as bytes. */
const zerosBytes = 262_144;

/**
 * Bytes to and from the server: a console, a screenshot, an upload, a download. Reading is by `for await`; leaving the loop early gives the
 * stream up. At most about 1 MiB waits here unread, then the server has to wait.
 */
export class Stream<R = void> implements AsyncIterable<Uint8Array>, AsyncDisposable {
  private readonly carrier: StreamCarrier;
  private readonly unread: (Uint8Array | Hole)[] = [];
  private unreadBytes = 0;
  private paused = false;
  private sourceEnded = false;
  private state: 'open' | 'finishing' | 'ended' = 'open';
  private error: Error | undefined;
  private readonly bell = new Bell();
  private onFinished: (() => void) | undefined;
  /** What the call that opened the stream answered, such as the kind of picture of a screenshot. */
  answer = undefined as R;

  constructor(carrier: StreamCarrier) {
    this.carrier = carrier;
  }

  /** For the connection: data came. None at all is how libvirt says that it has no more to send. */
  receive(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    if (bytes.length > 0) this.enqueue(bytes);
    else {
      this.sourceEnded = true;
      this.bell.ring();
    }
  }

  /** For the connection: zeros came, by their number. */
  receiveHole(holeBytes: number): void {
    if (this.state === 'open') this.enqueue({ holeBytes });
  }

  private enqueue(section: Uint8Array | Hole): void {
    this.unread.push(section);
    this.unreadBytes += costOf(section);
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

  /** Sends bytes, or a hole on a stream that was opened as a sparse one; await it before the next write, that is the back-pressure. */
  async write(section: Uint8Array | string | Hole): Promise<void> {
    if (typeof section === 'string') await this.writeBytes(Buffer.from(section));
    else if (section instanceof Uint8Array) await this.writeBytes(section);
    else await this.writeHole(section.holeBytes);
    if (this.error) throw this.error;
  }

  private async writeBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += streamChunkBytesMax) {
      this.expectOpen();
      await this.carrier.sendData(bytes.subarray(at, at + streamChunkBytesMax));
    }
  }

  private async writeHole(holeBytes: number): Promise<void> {
    if (!Number.isSafeInteger(holeBytes) || holeBytes < 0)
      throw new ConnectionError('bad_argument', `A hole of ${holeBytes} bytes cannot be sent.`);
    this.expectOpen();
    await this.carrier.sendHole(holeBytes);
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

  private consumed(costBytes: number): void {
    this.unreadBytes -= costBytes;
    if (!this.paused || this.unreadBytes > unreadBytesLow) return;
    this.paused = false;
    this.carrier.resume();
  }

  /** Reads bytes and holes apart. Only a sparse stream has holes. */
  async *sections(): AsyncGenerator<Uint8Array | Hole, void, undefined> {
    try {
      for (;;) {
        const section = this.unread.shift();
        if (section) {
          this.consumed(costOf(section));
          yield section;
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

  /** Reads bytes; the zeros of a hole come as bytes too. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const section of this.sections()) {
      if (section instanceof Uint8Array) yield section;
      else for (let left = section.holeBytes; left > 0; left -= zerosBytes) yield new Uint8Array(Math.min(left, zerosBytes));
    }
  }

  // oxlint-disable-next-line typescript/require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
  }
}

function costOf(section: Uint8Array | Hole): number {
  return section instanceof Uint8Array ? section.length : holeCostBytes;
}
