import type { EventGap, HubEvent } from '../contract.ts';

/** What one subscriber has not yet taken. When it holds `bufferMax` events the oldest make room, and the next thing it gives is the gap. */
export interface EventQueue {
  push(event: HubEvent): void;
  pushGap(gap: EventGap): void;
  /** Resolves with the next thing, or undefined after `close`. */
  next(): Promise<HubEvent | EventGap | undefined>;
  close(): void;
}

export function createEventQueue(bufferMax: number): EventQueue {
  let buffer: (HubEvent | EventGap)[] = [];
  let missed = 0;
  let missedCursor = 0;
  let closed = false;
  let wake: (() => void) | undefined;
  const awaken = (): void => {
    wake?.();
    wake = undefined;
  };
  const take = (): HubEvent | EventGap | undefined => {
    if (missed === 0) return buffer.shift();
    const gap: EventGap = { type: 'gap', missed, cursor: missedCursor };
    missed = 0;
    return gap;
  };
  return {
    push(event) {
      if (closed) return;
      if (buffer.length >= bufferMax) {
        const dropped = buffer.shift();
        missed += 1;
        missedCursor = dropped?.cursor ?? event.cursor;
      }
      buffer.push(event);
      awaken();
    },
    pushGap(gap) {
      buffer.push(gap);
      awaken();
    },
    async next() {
      for (;;) {
        if (closed) return undefined;
        const taken = take();
        if (taken !== undefined) return taken;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    close() {
      closed = true;
      buffer = [];
      awaken();
    },
  };
}
