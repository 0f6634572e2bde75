import type { WebSocket } from 'ws';
import type { HttpLimits } from '../plugins/hub-config.ts';

/** What goes out to one client, with back-pressure. */
export interface Outbox {
  /** Resolves when the network took it: who sends one after the other is slowed to the client's pace. */
  send(message: object): Promise<void>;
  /** For what may be left out: dropped while too much waits; a `{gap}` says later how much was. */
  offer(message: object): void;
  stop(): void;
}

export function createOutbox(socket: WebSocket, { limits, onSlow }: { limits: HttpLimits; onSlow: () => void }): Outbox {
  let missed = 0;
  /** Set while the client owes us progress. */
  let slow: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(slow);
    slow = socket.bufferedAmount > 0 && socket.readyState === socket.OPEN ? setTimeout(onSlow, limits.slowClientMs) : undefined;
  };
  const post = (message: object, done: () => void): void => {
    if (socket.readyState !== socket.OPEN) return done();
    socket.send(JSON.stringify(message), () => {
      settle();
      done();
    });
    if (socket.bufferedAmount > 0) slow ??= setTimeout(onSlow, limits.slowClientMs);
  };
  return {
    send: (message) => new Promise((resolve) => post(message, resolve)),
    offer(message) {
      if (socket.bufferedAmount > limits.clientBytesMax) {
        missed += 1;
        return;
      }
      if (missed > 0) post({ gap: { type: 'gap', missed, of: 'samples' } }, () => undefined);
      missed = 0;
      post(message, () => undefined);
    },
    stop: () => clearTimeout(slow),
  };
}
