import { ConnectionError } from '../errors.ts';
import { Stream } from '../stream.ts';
import { hole, messageStatus, messageType, rawBytes } from '../wire/packet.ts';
import type { Incoming } from './incoming.ts';

const noBytes = new Uint8Array();

/** The server's side of a stream. The handler has a stream of its own to read and write; what it does with it is said to the client here. */
export class ServedStream {
  readonly stream: Stream;
  private readonly call: Incoming;
  private clientEnded = false;
  private handled = false;

  constructor(call: Incoming) {
    this.call = call;
    const { socket } = call;
    this.stream = new Stream({
      sendData: (bytes) => this.send(messageStatus.continue, bytes),
      sendHole: (lengthBytes) => {
        const header = { type: messageType.streamHole, status: messageStatus.continue };
        return this.write(call.packet(header, hole, { lengthBytes, flags: 0 }));
      },
      // The client said that it has no more; whether that is well is known when the handler is done.
      sendEnd: () => queueMicrotask(() => this.stream.settle()),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => undefined,
    });
    socket.once('close', () => this.stream.settle(new ConnectionError('connection_lost', 'The client hung up.')));
  }

  /** Takes a packet that belongs to the stream. */
  receive({ header, body }: Incoming): void {
    if (header.type === messageType.streamHole) this.stream.receiveHole(hole.decode(body).lengthBytes);
    else if (header.status === messageStatus.continue) this.stream.receive(body.rest());
    else if (header.status === messageStatus.error) this.stream.settle(new ConnectionError('aborted', 'The client gave the stream up.'));
    else {
      this.clientEnded = true;
      this.stream.receive(noBytes);
      this.confirm();
    }
  }

  /** The handler is done: the client's data are taken, and there are no more for it. */
  done(): void {
    this.handled = true;
    if (!this.clientEnded) void this.send(messageStatus.continue, noBytes);
    this.confirm();
  }

  fail(code: number, message: string): void {
    this.call.fail(code, message, messageType.stream);
  }

  private confirm(): void {
    if (this.clientEnded && this.handled) void this.send(messageStatus.ok, noBytes);
  }

  private send(status: number, bytes: Uint8Array): Promise<void> {
    return this.write(this.call.packet({ type: messageType.stream, status }, rawBytes, bytes));
  }

  private write(packet: Buffer): Promise<void> {
    const { socket } = this.call;
    if (socket.destroyed || socket.write(packet)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }
}
