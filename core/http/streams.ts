import { HubError } from '../contract/errors.ts';
import type { Actor } from '../contract/things.ts';
import type { HttpLimits } from '../plugins/hub-config.ts';

/** Counts open streams and ends them all when the hub stops. */
export interface Streams {
  /** Takes a place; HubError `stream_too_many` (429) when there is none. `leave` gives it back. */
  enter(actor: Actor, onStop: () => void): { leave(): void };
  stop(): void;
  count(): number;
}

export function createStreams(limits: HttpLimits): Streams {
  const open = new Set<{ actorId: string; onStop: () => void }>();
  return {
    enter(actor, onStop) {
      const ofActor = [...open].filter((stream) => stream.actorId === actor.id).length;
      if (open.size >= limits.streamsMax || ofActor >= limits.streamsPerActorMax)
        throw new HubError('stream_too_many', 'Too many live connections are open; close some pages.', { status: 429, retryable: true });
      const stream = { actorId: actor.id, onStop };
      open.add(stream);
      return { leave: () => void open.delete(stream) };
    },
    stop() {
      for (const stream of open) stream.onStop();
    },
    count: () => open.size,
  };
}
