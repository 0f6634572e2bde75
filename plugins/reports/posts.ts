import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, type View } from 'novacron/plugin';
import type { ReportChannel } from './port.ts';
import type { ClaimedPost, PostEnd, PostStore } from './post-store.ts';
import type { Runtime } from './runtime.ts';
import type { Run } from './store.ts';
import { viewOf } from './views.ts';

const AT_ONCE_MAX = 4;
const DELIVERY_MS = 30_000;
/** Longer than a delivery can take: nobody else takes it over while it may still succeed. */
const HOLD_MS = 60_000;
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 600_000;
const GIVE_UP_MS = 86_400_000;
/** What the hub that made the run has not posted for so long, another one posts, without the pictures that only that one has. */
const ORPHANED_MS = 600_000;
const LOOK_MS = 5_000;

/** Where ends of runs are told. They are in the database since the end itself, so a crash loses none; each has an id, so that none is told twice. */
export interface Posts {
  offer(channel: ReportChannel): () => void;
  /** Says that there may be something to post: the loop need not wait for its next look. */
  wake(): void;
  /** Posts what is due until the signal fires. */
  keep(signal: AbortSignal): Promise<void>;
}

/** What a run says to those who did not ask for it. */
const shown = async (runtime: Runtime, run: Run): Promise<View> =>
  run.failure === null
    ? viewOf(runtime, run)
    : { text: `${run.title} failed. ${run.failure.message} To see it: report show ${run.report}` };

function endOf(error: unknown, { attempts, createdAt }: ClaimedPost, now: number): PostEnd {
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, 500);
  if ((HubError.is(error) && !error.retryable) || now - createdAt > GIVE_UP_MS) return { is: 'failed', reason };
  return { is: 'again', dueAt: now + Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(10, attempts - 1)), reason };
}

export function createPosts(runtimeNow: () => Runtime, store: PostStore): Posts {
  const channels: ReportChannel[] = [];
  let woken = Promise.withResolvers<void>();

  async function bring(post: ClaimedPost, signal: AbortSignal): Promise<PostEnd> {
    const runtime = runtimeNow();
    const channel = channels.at(-1);
    const run = await runtime.store.run(post.run);
    if (run === undefined) return { is: 'failed', reason: 'The run is forgotten.' };
    if (channel === undefined) throw new HubError('report_untold', 'No chat is connected.', { status: 503, retryable: true });
    const { to, attempts } = post;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS)]);
    return { is: 'taken', ...(await channel.deliver({ id: run.id, to, attempt: attempts, view: await shown(runtime, run) }, limit)) };
  }

  async function postOne(post: ClaimedPost, signal: AbortSignal): Promise<void> {
    const { clock, log } = runtimeNow();
    const end = await bring(post, signal).catch((error: unknown): PostEnd => {
      // Whether it was taken is not known, so it is posted again after the start, under the same id.
      if (signal.aborted) return { is: 'again', dueAt: clock.now(), reason: 'The hub stopped meanwhile.' };
      const failed = endOf(error, post, clock.now());
      log.warn({ err: error, run: post.run, to: post.to, gaveUp: failed.is === 'failed' }, 'the end of a report could not be posted');
      return failed;
    });
    await store.finish(post.run, end);
  }

  async function postDue(signal: AbortSignal): Promise<void> {
    const { clock, services } = runtimeNow();
    for (let more = channels.length > 0; more && !signal.aborted;) {
      const now = clock.now();
      const claim = { hub: services.hub.id, until: now + HOLD_MS, rowsMax: AT_ONCE_MAX, orphanedBefore: now - ORPHANED_MS };
      const posts = await store.claim(now, claim);
      await Promise.all(posts.map((post) => postOne(post, signal)));
      more = posts.length > 0;
    }
  }

  return {
    offer(channel) {
      channels.push(channel);
      woken.resolve();
      return () => void channels.splice(channels.indexOf(channel), 1);
    },
    wake: () => woken.resolve(),
    async keep(signal) {
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      const { log, services } = runtimeNow();
      // What this very hub had in hand when it died.
      await store.letGo(services.hub.id).catch((error: unknown) => log.warn({ err: error }, 'posts wait until nobody holds them any more'));
      while (!signal.aborted) {
        woken = Promise.withResolvers();
        await postDue(signal).catch((error: unknown) => {
          if (!signal.aborted) log.error({ err: error }, 'ends of reports could not be posted; it is tried again');
        });
        await Promise.race([sleep(LOOK_MS, undefined, { ref: false }), woken.promise, stopped]);
      }
    },
  };
}
