import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, HubError, type Actor, type Job, type View } from 'novacron/plugin';
import type { Asker, Bot } from './bot.ts';
import { createEditBudget, type EditBudget } from './edit-budget.ts';
import { jobContent } from './job-blocks.ts';
import type { JobMessage, JobStore } from './job-store.ts';
import { offerButtons, suggestionButtons, thingMade } from './offers.ts';
import { uploadPictures } from './pictures.ts';
import { edit, post, slackError, type Posted } from './replies.ts';

/** Slack takes about one edit a second of one message. */
const EDIT_EVERY_MS = 1_000;
const FIRST_EDIT_MS = 300;
const CURSOR_EVERY_MS = 2_000;
const HISTORY_MAX = 100;
/** The hub that looks after a message shows the end of its job within moments; after so long it is gone. */
const ORPHANED_MS = 30_000;
const OTHERS_EVERY_MS = 15_000;
/** Codes by which Slack says that the content itself is wrong. */
const REFUSED = /^(?:invalid_blocks|msg_)/;

/** The messages of jobs: one for each, edited until the job has ended. */
export interface JobMessages {
  /** Posts the message of a job; does nothing when it has one, as after a redelivery. */
  track(asker: Asker, job: Job, things: Readonly<Record<string, string>>): Promise<void>;
  /** Makes a message that exists (a confirmation) the message of the job. */
  adopt(asker: Asker, job: Job, at: Posted): Promise<void>;
  /** Takes up what was open when the hub stopped, and follows the events. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Tracked {
  message: JobMessage;
  /** The newest state that is not shown yet. */
  pending: Job | null;
  editedAt: number;
  worker: Promise<void> | null;
}

interface Shared {
  readonly bot: Bot;
  readonly store: JobStore;
  readonly workspace: string;
  readonly tracked: Map<string, Tracked>;
  readonly budget: EditBudget;
}

const actorOf = (bot: Bot, message: JobMessage): Promise<Actor | undefined> => bot.users.byChat(message.workspace, message.user);

/** The result, and what may come next, as the person who asked may see it now. */
async function ending(bot: Bot, message: JobMessage, job: Job): Promise<{ view?: View; next?: ReturnType<typeof offerButtons> }> {
  if (job.state.is !== 'succeeded') return {};
  const actor = await actorOf(bot, message);
  const view = bot.actions.view(job);
  if (!actor) return { view };
  const about = thingOf(job);
  const things = { ...message.things, ...about };
  const card = view.card && view.card.actions.length > 0 ? view.card : await cardOf(bot, about, actor);
  const allowed = bot.actions.list(actor);
  const next = [...suggestionButtons(view.suggestions ?? [], allowed), ...offerButtons(card?.actions ?? [], allowed, { things })];
  return { view: card && !view.card ? { ...view, card } : view, next };
}

/** What the job was about, or what it made. */
const thingOf = (job: Job): Readonly<Record<string, string>> => {
  if (job.target && job.target.kind !== 'tenant') return { [job.target.kind]: job.target.id };
  return job.state.is === 'succeeded' ? thingMade(job.action, job.state.output) : {};
};

/** How the thing stands now; nothing when it is gone, or of a kind that has no card. */
async function cardOf(bot: Bot, about: Readonly<Record<string, string>>, actor: Actor): Promise<View['card']> {
  const [thing] = Object.entries(about);
  if (!thing || !bot.resources.kinds().some(({ kind }) => kind === thing[0])) return undefined;
  try {
    return (await bot.resources.card(thing[0], thing[1], actor)).card;
  } catch (error) {
    if (HubError.is(error)) return undefined;
    throw error;
  }
}

async function show(shared: Shared, tracked: Tracked, job: Job): Promise<void> {
  const { bot, store } = shared;
  const { message } = tracked;
  const isOver = hasEnded(job);
  const result = isOver ? await ending(bot, message, job) : {};
  const { user, confirmed } = message;
  const content = jobContent(job, { user, confirmed, ...result });
  const at = await put(shared, tracked, content).catch((error: unknown) => {
    if (!REFUSED.test(slackError(error) ?? '')) throw error;
    bot.log.error({ err: error, jobId: job.id }, 'Slack refused the result of a job; it is shown without it');
    return put(shared, tracked, jobContent(job, { user, confirmed }));
  });
  if (!isOver) return;
  await store.end(message.jobId);
  shared.tracked.delete(message.jobId);
  const pictures = result.view?.pictures ?? [];
  if (pictures.length > 0) await uploadPictures(bot, { channel: at.channel, ts: at.threadTs ?? at.ts }, pictures);
}

/** Edits the message, or posts it when there is none: not yet, or no more. */
async function put(shared: Shared, tracked: Tracked, content: Parameters<typeof edit>[2]): Promise<Posted> {
  const { bot, store } = shared;
  const { jobId, channel, ts, threadTs } = tracked.message;
  if (channel !== null && ts !== null) {
    try {
      await edit(bot, { channel, ts }, content);
      return { channel, ts, threadTs };
    } catch (error) {
      if (slackError(error) !== 'message_not_found') throw error;
      bot.log.info({ jobId }, 'The message of a job is gone; it gets a new one');
    }
  }
  const at = await post(bot, tracked.message, { ...content, jobId });
  tracked.message = { ...tracked.message, ...at };
  await store.place(jobId, at);
  return at;
}

/** Shows the newest state, at most once a second; states in between are skipped. */
async function work(shared: Shared, tracked: Tracked): Promise<void> {
  const { bot, budget } = shared;
  while (tracked.pending && !bot.signal.aborted) {
    const isNew = tracked.message.ts === null;
    const pause = tracked.editedAt + EDIT_EVERY_MS - performance.now();
    if (pause > 0) await sleep(pause, undefined, { signal: bot.signal });
    const budgetMs = isNew ? 0 : budget.waitMs();
    if (budgetMs > 0 && !hasEnded(tracked.pending)) {
      // Not all at once: the end may come meanwhile, and then it is shown without waiting for the budget.
      await sleep(Math.min(budgetMs, EDIT_EVERY_MS), undefined, { signal: bot.signal });
      continue;
    }
    budget.spend();
    const job = tracked.pending;
    tracked.pending = null;
    tracked.editedAt = performance.now();
    await show(shared, tracked, job);
    // A fresh message was never edited: short jobs need not wait a whole second to show their end.
    if (isNew) tracked.editedAt = performance.now() - EDIT_EVERY_MS + FIRST_EDIT_MS;
  }
}

function offer(shared: Shared, tracked: Tracked, job: Job): void {
  if (tracked.pending && hasEnded(tracked.pending)) return;
  tracked.pending = job;
  tracked.worker ??= work(shared, tracked)
    .catch((error: unknown) => {
      if (!shared.bot.signal.aborted) shared.bot.log.warn({ err: error, jobId: job.id }, 'The message of a job could not be edited');
    })
    .finally(() => (tracked.worker = null));
}

/** Looks the job up: an event may have come before we followed it, or may be lost. */
async function refresh(shared: Shared, tracked: Tracked): Promise<void> {
  const actor = await actorOf(shared.bot, tracked.message);
  if (!actor) return;
  try {
    offer(shared, tracked, await shared.bot.jobs.get(tracked.message.jobId, actor));
  } catch (error) {
    if (!HubError.is(error) || error.code !== 'job_unknown') throw error;
    await shared.store.end(tracked.message.jobId);
    shared.tracked.delete(tracked.message.jobId);
  }
}

/** A message that Slack took, though the hub died before it knew. */
async function findPosted(bot: Bot, message: JobMessage): Promise<string | null> {
  if (message.channel === null) return null;
  const { channel, threadTs } = message;
  const options = { channel, include_all_metadata: true, limit: HISTORY_MAX };
  try {
    const found =
      threadTs === null
        ? await bot.client.conversations.history(options)
        : await bot.client.conversations.replies({ ...options, ts: threadTs });
    const jobIn = (candidate: { metadata?: { event_payload?: unknown } }): unknown =>
      (candidate.metadata?.event_payload as { job?: unknown } | undefined)?.job;
    return found.messages?.find((candidate) => jobIn(candidate) === message.jobId)?.ts ?? null;
  } catch (error) {
    bot.log.debug({ err: error }, 'The history of a channel could not be read');
    return null;
  }
}

async function recover(shared: Shared): Promise<void> {
  for (const message of await shared.store.open(shared.workspace)) await takeUp(shared, message);
}

/** The end of a job stands in its message also when the hub that looked after it is gone: then another one shows it. */
async function recoverOthers(shared: Shared): Promise<void> {
  const { bot, store, workspace } = shared;
  for (const message of await store.ofOthers(workspace)) {
    const actor = await actorOf(bot, message);
    const job = actor && (await bot.jobs.get(message.jobId, actor).catch(() => undefined));
    const endedAt = job?.endedAt ?? null;
    if (endedAt === null || bot.clock.now() - endedAt < ORPHANED_MS) continue;
    if (await store.takeOver(message)) await takeUp(shared, message);
  }
}

async function takeUp(shared: Shared, message: JobMessage): Promise<void> {
  const ts = message.ts ?? (await findPosted(shared.bot, message));
  const tracked: Tracked = { message: { ...message, ts }, pending: null, editedAt: 0, worker: null };
  if (message.ts === null && ts !== null && message.channel !== null) {
    await shared.store.place(message.jobId, { channel: message.channel, threadTs: message.threadTs, ts });
  }
  shared.tracked.set(message.jobId, tracked);
  await refresh(shared, tracked);
}

async function follow(shared: Shared, after: number | undefined, onCursor: (cursor: number) => void): Promise<void> {
  const { bot, tracked } = shared;
  const types = ['job.changed', 'job.ended'] as const;
  const from = after === undefined ? {} : { after };
  for await (const event of bot.events.subscribe({ actor: null, types, signal: bot.signal, ...from })) {
    if (event.type === 'gap') {
      for (const known of tracked.values()) await refresh(shared, known);
    } else if (event.type === 'job.changed' || event.type === 'job.ended') {
      const { job } = event.data as { readonly job: Job };
      const known = tracked.get(job.id);
      if (known) offer(shared, known, job);
    }
    onCursor(event.cursor);
  }
}

export function createJobMessages(options: { readonly bot: Bot; readonly store: JobStore; readonly workspace: string }): JobMessages {
  const shared: Shared = { ...options, tracked: new Map(), budget: createEditBudget() };
  const { bot, store } = options;
  let following: Promise<void> = Promise.resolve();
  let [seen, saved] = [0, 0];
  const save = async (): Promise<void> => {
    if (seen === saved) return;
    const cursor = seen;
    await store.setCursor(cursor);
    saved = cursor;
  };
  const saveOften = async (): Promise<void> => {
    while (!bot.signal.aborted) {
      await sleep(CURSOR_EVERY_MS, undefined, { signal: bot.signal });
      await save();
    }
  };
  const lookAfterOthers = async (): Promise<void> => {
    while (!bot.signal.aborted) {
      await sleep(OTHERS_EVERY_MS, undefined, { signal: bot.signal, ref: false });
      await recoverOthers(shared).catch(report('Job messages of other hubs could not be looked at'));
    }
  };
  const report = (what: string) => (error: unknown) => {
    if (!bot.signal.aborted) bot.log.error({ err: error }, what);
  };
  const take = async (asker: Asker, job: Job, message: JobMessage): Promise<Tracked | undefined> => {
    if (!(await store.add(message))) return undefined;
    const tracked: Tracked = { message, pending: null, editedAt: 0, worker: null };
    shared.tracked.set(job.id, tracked);
    return tracked;
  };
  return {
    async track(asker, job, things) {
      const { workspace, channel, threadTs, user } = asker;
      const tracked = await take(asker, job, { jobId: job.id, workspace, channel, threadTs, ts: null, user, confirmed: false, things });
      if (!tracked) return;
      // The worker alone posts and edits, so an event that comes meanwhile cannot post a second message.
      offer(shared, tracked, job);
      await tracked.worker;
      await refresh(shared, tracked);
    },
    async adopt(asker, job, at) {
      const { workspace, user } = asker;
      const tracked = await take(asker, job, {
        jobId: job.id,
        workspace,
        ...at,
        user,
        confirmed: asker.actor.id !== job.actor.id,
        things: {},
      });
      if (tracked) await refresh(shared, tracked);
    },
    async start() {
      await store.forgetOld();
      const cursor = await store.cursor();
      following = follow(shared, cursor, (next) => (seen = next)).catch(report('The events of jobs are not followed any more'));
      saveOften().catch(report('The position in the events could not be saved'));
      lookAfterOthers().catch(report('Job messages of other hubs are not looked at any more'));
      await recover(shared).catch(report('Open job messages could not be taken up'));
    },
    async stop() {
      await following;
      await save();
    },
  };
}
