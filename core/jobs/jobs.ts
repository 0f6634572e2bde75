import type { Kysely } from 'kysely';
import {
  hasEnded,
  HubError,
  type Actor,
  type Call,
  type Clock,
  type Duties,
  type Events,
  type Job,
  type JobFilter,
  type Jobs as JobsService,
  type Log,
} from '../contract.ts';
import type { Audit } from '../audit/audit.ts';
import type { Policy } from '../policy/policy.ts';
import { resourceOf } from '../policy/resource-of.ts';
import { createDurable, type Durable } from './durable.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { Presence } from './presence.ts';
import { never, type StepPhase } from './steps.ts';
import { runJob, type ActionSource } from './run-job.ts';
import { JobStore, toJob, type JobRecord, type NewJob } from './store.ts';
import type { JobTables } from './tables.ts';
import { adoptJob, forgetDuties, GONE_MS, takeOverJobs } from './take-over.ts';
import { Turns } from './turns.ts';
import { sleep, waitFor } from './wait.ts';

export interface JobsOptions {
  readonly db: Kysely<JobTables>;
  readonly databaseUrl: string;
  readonly executor: string;
  readonly openMax: number;
  /** Ended jobs are forgotten after so long. */
  readonly keepMs: number;
  readonly actions: ActionSource;
  readonly policy: Pick<Policy, 'authorize'>;
  readonly audit: Pick<Audit, 'append'>;
  readonly events: Pick<Events, 'publish'>;
  readonly clock: Clock;
  readonly duties: Duties;
  readonly log: Log;
  /** Told of each step; the crash matrix listens here. */
  onStep?(phase: StepPhase, info: { readonly job: JobRecord; readonly step: string }): void | Promise<void>;
}

/** How often progress is published for one job. */
const REPORT_MS = 250;
/** How often open jobs that do not run are looked for: their state could not be written when PostgreSQL was gone. */
const SWEEP_MS = 5_000;
const RETRY_MS = 500;
/** How often old jobs are looked for, once none was left. */
const FORGET_MS = 3_600_000;
/** How long a stopping hub waits for steps that run to notice. */
const STOP_WAIT_MS = 3_000;

interface Open {
  readonly cancel: AbortController;
  /** Also when another hub has taken it over: then its end is to be asked for. */
  readonly ended: PromiseWithResolvers<void>;
  /** Fires when another hub has it: what runs of it here ends, and nothing of that is kept. */
  readonly lost: AbortController;
  /** Of the presence: since when it is known to be this hub's without having asked again. */
  sureIn: number | null;
  reportedAt: number;
  latest?: Job;
  timer?: NodeJS.Timeout | undefined;
}

/** Durable execution of actions: what was accepted is finished or undone, whatever dies. */
export class Jobs implements JobsService {
  readonly #options: JobsOptions;
  readonly #store: JobStore;
  readonly #turns: Turns;
  readonly #durable: Durable;
  #presence: Presence | null = null;
  readonly #open = new Map<string, Open>();
  readonly #stopping = new AbortController();
  #busy = 0;
  #forgetAt = 0;
  #goneAt = -Infinity;
  readonly #launched = Promise.withResolvers<void>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#store = new JobStore(options.db);
    this.#turns = new Turns(this.#store);
    this.#durable = createDurable({ ...options, run: (jobId) => this.#run(jobId) });
  }

  /** Recovers what was open and lets accepted jobs run. Call it once all plugins have started. */
  async launch(): Promise<void> {
    const { db } = this.#options;
    this.#presence = new Presence({ ...this.#options, onBack: () => this.#lookAround() });
    await this.#presence.sure(this.#stopping.signal);
    await oneAtATime(db, { name: 'novacron.jobs.launch', signal: this.#stopping.signal }, () => this.#durable.launch());
    this.#launched.resolve();
    void this.#sweep();
  }

  /** How many have not ended, of those that this hub runs. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Reserves the call's key and starts the job. The same key again: the same job. */
  async accept(job: Omit<NewJob, 'executor' | 'createdAt'>): Promise<Job> {
    const { openMax, executor, clock } = this.#options;
    if (this.#open.size >= openMax)
      throw new HubError('jobs_full', `${openMax} jobs are open; no more are taken for now. Try again in a moment.`, {
        status: 503,
        retryable: true,
      });
    const { record, isNew } = await this.#store.reserve({ ...job, executor, createdAt: new Date(clock.now()) });
    if (!isNew) return toJob(record);
    this.#opened(record.id);
    await this.#launched.promise;
    await this.#durable.start(record.id);
    return toJob(record);
  }

  async get(id: string, actor: Actor): Promise<Job> {
    const record = isUuid(id) ? await this.#store.load(id) : undefined;
    if (record === undefined || !maySee(actor, record)) throw new HubError('job_unknown', `There is no job '${id}'.`, { status: 404 });
    return toJob(record);
  }

  async list(filter: JobFilter, actor: Actor): Promise<readonly Job[]> {
    return (await this.#store.list({ ...filter, tenant: actor.role === 'admin' ? null : actor.tenant })).map(toJob);
  }

  /** For who called it and who may call it. HubErrors `job_unknown`, `job_ended`, `permission_denied`. */
  async cancel(id: string, { actor, via }: Pick<Call, 'actor' | 'via'>): Promise<Job> {
    const job = await this.get(id, actor);
    await this.#checkMayCancel(id, { actor, via });
    if (hasEnded(job)) throw new HubError('job_ended', `The job has ended already: ${job.state.is}.`, { status: 409 });
    const record = await this.#store.requestCancel(id, actor.id);
    if (record === undefined) return this.get(id, actor);
    this.#open.get(id)?.cancel.abort(cancelled(actor.name));
    this.#publish(toJob(record));
    return toJob(record);
  }

  async #checkMayCancel(id: string, { actor, via }: Pick<Call, 'actor' | 'via'>): Promise<void> {
    const record = await this.#store.load(id);
    if (record === undefined || record.actorId === actor.id) return;
    const { policy, audit } = this.#options;
    const { target } = record;
    const resource = resourceOf(target);
    // `change` is the least that a job can be; who may not even do that may not stop what others started.
    if (policy.authorize({ actor, action: { id: record.action, risk: 'change' }, resource }).allowed) return;
    const message = `${actor.name} (${actor.role}) may not cancel '${record.action}'. Who called it, or may call it, can.`;
    const about = {
      actor: { id: actor.id, name: actor.name, tenant: actor.tenant },
      via,
      action: 'job.cancel',
      target,
      jobId: id,
      input: { job: id },
    };
    await audit.append({ ...about, event: 'denied', code: 'permission_denied', message });
    throw new HubError('permission_denied', message, { status: 403 });
  }

  async wait(id: string, signal: AbortSignal): Promise<Job> {
    for (;;) {
      const here = this.#open.get(id);
      if (here) await waitFor(here.ended.promise, { timeoutMs: 2 ** 31 - 1, signal });
      const record = await this.#store.load(id);
      if (record === undefined) throw new HubError('job_unknown', `There is no job '${id}'.`, { status: 404 });
      const job = toJob(record);
      if (hasEnded(job)) return job;
      await sleep(500, signal);
    }
  }

  /** Jobs that run go on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new HubError('hub_stopping', 'The hub is stopping.', { status: 503, retryable: true }));
    const deadline = performance.now() + STOP_WAIT_MS;
    while (this.#busy > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    await this.#durable.shutdown();
    await this.#presence?.leave();
  }

  #opened(id: string): Open {
    const known = this.#open.get(id);
    if (known) return known;
    const open: Open = {
      cancel: new AbortController(),
      ended: Promise.withResolvers<void>(),
      lost: new AbortController(),
      sureIn: null,
      reportedAt: 0,
    };
    this.#open.set(id, open);
    return open;
  }

  async #run(id: string): Promise<void> {
    const open = this.#opened(id);
    try {
      const term = this.#presence?.signal ? this.#presence.term : null;
      const record = await this.#store.load(id);
      if (record === undefined || record.endedAt !== null) return;
      // It was taken over while this hub was about to go on with it.
      if (record.executor !== this.#options.executor) await never();
      open.sureIn = term;
      if (record.cancelledBy !== null) open.cancel.abort(cancelled(record.cancelledBy));
      const job = await runJob(this.#runDeps(open), record, open.cancel.signal);
      clearTimeout(open.timer);
      this.#turns.ended(record.queueKey);
      open.ended.resolve();
      this.#publish(job);
    } catch (error) {
      if (this.#stopping.signal.aborted) await never();
      throw error;
    } finally {
      this.#open.delete(id);
    }
  }

  #runDeps(open: Open) {
    const { actions, audit, clock, onStep = () => {} } = this.#options;
    const publish = (): void => {
      const { latest } = open;
      open.timer = undefined;
      if (latest === undefined || open.cancel.signal.aborted) return;
      open.reportedAt = performance.now();
      this.#publish(latest);
      this.#store
        .setState(latest.id, latest.state, new Date(clock.now()))
        .catch((error: unknown) => this.#options.log.warn({ err: error, jobId: latest.id }, 'progress was not written'));
    };
    // At once when it was quiet for a while, else the newest at the end of the pause.
    const report = (job: Job): void => {
      open.latest = job;
      const pauseMs = open.reportedAt + REPORT_MS - performance.now();
      if (pauseMs <= 0) publish();
      else open.timer ??= setTimeout(publish, pauseMs);
    };
    return {
      store: this.#store,
      turns: this.#turns,
      actions,
      audit,
      clock,
      stopping: AbortSignal.any([this.#stopping.signal, open.lost.signal]),
      record: this.#durable.record,
      mayGoOn: (id: string) => this.#mayGoOn(id),
      onBusy: (change: 1 | -1) => void (this.#busy += change),
      onStep,
      report,
    };
  }

  #publish(job: Job): void {
    const { events, log } = this.#options;
    const published = hasEnded(job)
      ? events.publish('job.ended', job.tenant, { job, failure: 'failure' in job.state ? job.state.failure : null })
      : events.publish('job.changed', job.tenant, { job });
    published.catch((error: unknown) => log.error({ err: error, jobId: job.id }, 'an event was not published'));
  }

  /** A few at a time, and the recorded steps before the job: a crash in between leaves a job that is forgotten the next time. */
  async #forgetOld(): Promise<void> {
    const { clock, keepMs } = this.#options;
    if (clock.now() < this.#forgetAt) return;
    const old = await this.#store.endedBefore(new Date(clock.now() - keepMs));
    if (old.length === 0) this.#forgetAt = clock.now() + FORGET_MS;
    else {
      await this.#durable.forget(old);
      await this.#store.forget(old);
    }
  }

  /** A hub that was held up, or cut off from the database, for longer than others wait does nothing more before it knows whose the job is. */
  async #mayGoOn(id: string): Promise<AbortSignal> {
    const { executor, log } = this.#options;
    const open = this.#open.get(id);
    // It may have been away and be back since: another hub may have the job all the same.
    const sure = (): AbortSignal | null => {
      const signal = this.#presence?.signal ?? null;
      return open === undefined || open.sureIn === this.#presence?.term ? signal : null;
    };
    for (;;)
      try {
        const signal = sure();
        if (signal !== null) return signal;
        await this.#presence?.sure(this.#stopping.signal);
        const term = this.#presence?.term ?? null;
        const [standing] = await this.#store.standing([id]);
        if (standing !== undefined && standing.executor !== executor) {
          this.#lose(id);
          await never();
        }
        if (open !== undefined) open.sureIn = term;
      } catch (error) {
        if (this.#stopping.signal.aborted) await never();
        log.debug({ err: error, jobId: id }, 'whose job it is could not be asked');
        await sleep(RETRY_MS, this.#stopping.signal).catch(() => undefined);
      }
  }

  #lose(id: string): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.ended.resolve();
    open?.lost.abort(new HubError('job_elsewhere', 'Another hub goes on with this job.', { status: 503, retryable: true }));
  }

  #lookAround(): void {
    this.#followOpen().catch((error: unknown) => this.#options.log.debug({ err: error }, 'whose the open jobs are will be asked later'));
  }

  /** What happened to the jobs of this hub elsewhere: cancelled at another hub, or taken over by one. */
  async #followOpen(): Promise<void> {
    for (const { id, executor, cancelledBy } of await this.#store.standing([...this.#open.keys()])) {
      const open = this.#open.get(id);
      if (cancelledBy !== null) open?.cancel.abort(cancelled(cancelledBy));
      if (executor !== this.#options.executor) this.#lose(id);
    }
  }

  /** After what those hubs had open was taken over. */
  async #forgetGone(): Promise<void> {
    if (performance.now() - this.#goneAt < FORGET_MS) return;
    const count = await forgetDuties(this.#options.db, GONE_MS);
    if (count > 0) this.#options.log.debug({ count }, 'duties of hubs that did not come back were removed');
    this.#goneAt = performance.now();
  }

  async #takeOver(): Promise<void> {
    const { db, executor, log } = this.#options;
    const ids = await takeOverJobs(db, { executor, version: this.#durable.version });
    if (ids.length > 0) log.warn({ jobs: ids }, 'another hub is gone; its open jobs go on here');
  }

  async #restart(id: string): Promise<void> {
    const { db, executor } = this.#options;
    await adoptJob(db, { executor, version: this.#durable.version }, id);
    await this.#durable.restart(id);
  }

  async #sweep(): Promise<void> {
    const { log, executor } = this.#options;
    while (!this.#stopping.signal.aborted)
      try {
        await this.#forgetOld();
        await sleep(SWEEP_MS, this.#stopping.signal);
        await this.#presence?.sure(this.#stopping.signal);
        await this.#followOpen();
        await this.#takeOver();
        for (const id of await this.#store.openIds(executor)) if (!this.#open.has(id)) await this.#restart(id);
        await this.#forgetGone();
      } catch (error) {
        if (!this.#stopping.signal.aborted) log.warn({ err: error }, 'open jobs could not be looked for');
      }
  }
}

/** A job belongs to the tenant of its target; jobs on the hub itself are for admins and for who called. */
const maySee = (actor: Actor, record: JobRecord): boolean =>
  actor.role === 'admin' || record.actorId === actor.id || (record.tenant !== null && record.tenant === actor.tenant);

const cancelled = (by: string): HubError => new HubError('job_cancelled', `It was cancelled by ${by}.`, { status: 409 });

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
