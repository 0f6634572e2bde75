import type { CallOptions, Procedure } from './caller.ts';
import { ConnectionError } from './errors.ts';
import type { SessionOptions } from './session.ts';
import { Session } from './session.ts';
import { Stream } from './stream.ts';
import type { Target } from './uri.ts';
import type { StreamChannel, StreamSink } from './wire/router.ts';
import { abortedError } from './wire/time-limit.ts';

/** What is kept of a stream before its call is answered, which libvirt's threads do not do in this order. */
const earlyBytesMax = 32 * 1024 * 1024;

/**
 * Opens a connection for one stream and makes the call. libvirt's protocol cannot hold up a single stream, only a whole connection:
 * with its own, a slow reader is real back-pressure for its stream and no trouble for anyone else. It sends no keepalive, for it may stand still.
 */
export async function openStream<A, R>(
  request: { target: Target; session: SessionOptions; procedure: Procedure<A, R>; args: A },
  options: CallOptions,
): Promise<Stream<R>> {
  const session = await Session.open(request.target, { ...request.session, keepaliveIntervalMs: 0, stream: true }, options);
  let channel: StreamChannel | undefined;
  let heldUp = false;
  let earlyBytes = 0;
  const stream = new Stream<R>({
    sendData: (bytes) => channel?.sendData(bytes) ?? Promise.resolve(),
    sendHole(lengthBytes) {
      channel?.sendHole(lengthBytes);
      return session.drained();
    },
    sendEnd: () => channel?.sendEnd(),
    pause() {
      heldUp = true;
      // Before the answer that would hold up the answer itself.
      if (channel) session.pause();
    },
    resume() {
      heldUp = false;
      session.resume();
    },
    close: () => session.destroy(new ConnectionError('closed', 'The stream is over.')),
  });
  try {
    const sink: StreamSink = {
      onData(bytes) {
        if (!channel && (earlyBytes += bytes.length) > earlyBytesMax)
          throw new ConnectionError(
            'limit_exceeded',
            `The server sent ${earlyBytesMax} bytes of a stream and did not answer the call for it.`,
          );
        stream.receive(bytes);
      },
      onHole: (holeBytes) => stream.receiveHole(holeBytes),
      onEnd: () => stream.settle(),
      onError: (error) => stream.settle(error),
    };
    const opened = await session.openStream(request.procedure, request.args, { ...options, sink });
    channel = opened.channel;
    if (heldUp) session.pause();
    stream.answer = opened.answer;
  } catch (error) {
    session.destroy(new ConnectionError('closed', 'The stream could not be opened.'));
    throw error;
  }
  abortWith(stream, session, options.signal);
  return stream;
}

/** The signal of the call also ends the stream, as long as it is open. */
function abortWith(stream: Stream<unknown>, session: Session, signal: AbortSignal | undefined): void {
  const onAbort = () => stream.abort(abortedError(signal));
  signal?.addEventListener('abort', onAbort, { once: true });
  session.whenEnded((reason) => {
    signal?.removeEventListener('abort', onAbort);
    stream.settle(reason);
  });
  if (signal?.aborted) onAbort();
}
