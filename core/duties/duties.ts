import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, type Duties, type Duty, HubError, type Log } from '../contract.ts';
import type { State } from '../state/state.ts';
import { claimDuties, releaseDuties, type Holder } from './store.ts';

export interface DutiesOptions {
  readonly state: Pick<State, 'db' | 'listen'>;
  /** Id of the data folder. */
  readonly hub: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A duty that was not renewed for so long is free. */
  readonly leaseMs: number;
}

/** All duties of one hub. */
export interface HubDuties {
  /** Those of one plugin: no two plugins share a name. */
  of(plugin: string): Duties;
  close(): Promise<void>;
}

interface Moment {
  readonly process: number;
  readonly wall: number;
}

/** From getting a duty to losing it. */
interface Term {
  readonly number: number;
  readonly abort: AbortController;
  /** When it was asked for last with success: the database's promise is younger than that. */
  askedAt: Moment;
}

interface Post {
  readonly name: string;
  works: number;
  /** Whether it was asked for before. */
  isKnown: boolean;
  term: Term | null;
  /** Resolves when a term begins. */
  begun: PromiseWithResolvers<void>;
}

const CHANNEL = 'novacron_duties';
/** So often in the time of a lease it is renewed, and asked for by those who do not have it. */
const ASKS = 5;
/** So often it is looked whether a lease is over. */
const LOOKS = 15;
/** The hub takes a duty for lost so much earlier than the database does, since clocks do not run alike. */
const CAUTION_RATIO = 0.1;
/** Work that ended by itself is begun again after so long. */
const AGAIN_MS = 5_000;

const lost = (name: string): HubError =>
  new HubError('duty_lost', `The duty '${name}' may be another hub's by now. This hub goes on when it has it again.`, {
    status: 503,
    retryable: true,
  });

class Roster implements HubDuties {
  readonly #options: DutiesOptions;
  readonly #holder: Holder;
  readonly #posts = new Map<string, Post>();
  readonly #timer: NodeJS.Timeout;
  #listening: Promise<() => Promise<void>> | null = null;
  #asking: Promise<void> | null = null;
  #askAgain = false;
  #askedAt = -Infinity;
  #isTroubled = false;
  #isClosed = false;

  constructor(options: DutiesOptions) {
    this.#options = options;
    this.#holder = { hub: options.hub, process: randomUUID() };
    this.#timer = setInterval(() => this.#look(), options.leaseMs / LOOKS).unref();
  }

  of(plugin: string): Duties {
    return { keep: (name, work, signal) => this.#keep(`${plugin}/${name}`, work, signal) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#asking;
    const unlisten = await this.#listening?.catch(() => undefined);
    await unlisten?.();
  }

  async #keep(name: string, work: (duty: Duty) => Promise<void>, signal: AbortSignal): Promise<void> {
    const post = this.#join(name);
    try {
      for (;;) {
        const term = await this.#termOf(post, signal);
        if (term === null) return;
        const ending = AbortSignal.any([term.abort.signal, signal]);
        await this.#do(work, this.#dutyOf(post, { term, signal: ending }));
        await sleep(AGAIN_MS, undefined, { signal: ending, ref: false }).catch(() => undefined);
      }
    } finally {
      await this.#leave(post);
    }
  }

  async #do(work: (duty: Duty) => Promise<void>, duty: Duty): Promise<void> {
    try {
      await work(duty);
    } catch (error) {
      if (!duty.signal.aborted) this.#options.log.error({ err: error }, 'the work of a duty ended; it is begun again');
    }
  }

  #dutyOf({ name }: Post, { term, signal }: { readonly term: Term; readonly signal: AbortSignal }): Duty {
    const { process } = this.#holder;
    return {
      signal,
      check: () => {
        if (this.#isOver(term)) this.#look();
        signal.throwIfAborted();
      },
      async fence(db) {
        const held = await db.sql`
          select 1 as "one" from core.duty where name = ${name} and holder = ${process} and term = ${term.number} for share`;
        if (held.length === 0) throw lost(name);
      },
    };
  }

  #join(name: string): Post {
    const post = this.#posts.get(name) ?? { name, works: 0, isKnown: false, term: null, begun: Promise.withResolvers<void>() };
    this.#posts.set(name, post);
    post.works++;
    this.#listening ??= this.#options.state.listen(CHANNEL, () => this.#ask());
    this.#listening.catch((error: unknown) => this.#options.log.warn({ err: error }, 'that a duty is free will be noticed late'));
    if (post.term === null) this.#ask();
    return post;
  }

  async #leave(post: Post): Promise<void> {
    if (--post.works > 0) return;
    this.#posts.delete(post.name);
    const { term } = post;
    this.#lose(post);
    if (term !== null) await this.#release([post.name]);
  }

  async #release(names: readonly string[]): Promise<void> {
    const { state, log } = this.#options;
    await releaseDuties(state.db, this.#holder, { names, channel: CHANNEL }).catch((error: unknown) =>
      log.debug({ err: error, names }, 'duties were not handed over; others get them when their time is over'),
    );
  }

  /** The term that runs, or the next one; `null` once the signal has fired. */
  async #termOf(post: Post, signal: AbortSignal): Promise<Term | null> {
    const stopped = Promise.withResolvers<void>();
    const stop = (): void => stopped.resolve();
    signal.addEventListener('abort', stop);
    while (post.term === null && !signal.aborted) await Promise.race([post.begun.promise, stopped.promise]);
    signal.removeEventListener('abort', stop);
    return signal.aborted ? null : post.term;
  }

  #now(): Moment {
    return { process: performance.now(), wall: this.#options.clock.now() };
  }

  /** By the process's clock, which stands still while the machine sleeps, and by the wall's, which may be set: whichever says more. */
  #isOver({ askedAt }: Term): boolean {
    const now = this.#now();
    const ageMs = Math.max(now.process - askedAt.process, now.wall - askedAt.wall);
    return ageMs >= this.#options.leaseMs * (1 - CAUTION_RATIO);
  }

  #look(): void {
    for (const post of this.#posts.values()) if (post.term !== null && this.#isOver(post.term)) this.#lose(post);
    if (performance.now() - this.#askedAt >= this.#options.leaseMs / ASKS) this.#ask();
  }

  #lose(post: Post): void {
    const { term } = post;
    if (term === null) return;
    post.term = null;
    post.begun = Promise.withResolvers();
    term.abort.abort(lost(post.name));
  }

  #ask(): void {
    if (this.#posts.size === 0 || this.#isClosed) return;
    this.#askAgain = this.#asking !== null;
    this.#asking ??= this.#askAll().finally(() => {
      this.#asking = null;
      if (this.#askAgain) this.#ask();
    });
  }

  async #askAll(): Promise<void> {
    // What is asked for in the same turn is asked for together.
    await Promise.resolve();
    const { state, leaseMs, log } = this.#options;
    const [names, askedAt] = [[...this.#posts.keys()], this.#now()];
    this.#askedAt = askedAt.process;
    try {
      const first = [...this.#posts.values()].flatMap(({ name, isKnown }) => (isKnown ? [] : [name]));
      const terms = await claimDuties(state.db, this.#holder, { names, leaseMs, first });
      for (const name of names) this.#answered(name, { number: terms.get(name), askedAt });
      const unwanted = names.filter((name) => terms.has(name) && !this.#posts.has(name));
      if (unwanted.length > 0) await this.#release(unwanted);
      this.#isTroubled = false;
    } catch (error) {
      if (!this.#isTroubled && !this.#isClosed) log.warn({ err: error }, 'duties could not be asked for; they rest until they can');
      this.#isTroubled = true;
    }
  }

  #answered(name: string, { number, askedAt }: { readonly number: number | undefined; readonly askedAt: Moment }): void {
    const post = this.#posts.get(name);
    if (post === undefined) return;
    post.isKnown = true;
    if (post.term?.number !== number) this.#lose(post);
    if (number === undefined) return;
    const term = post.term ?? { number, abort: new AbortController(), askedAt };
    term.askedAt = askedAt;
    if (this.#isOver(term)) return this.#lose(post);
    if (post.term !== null) return;
    post.term = term;
    this.#options.log.debug({ duty: name, term: number }, "a duty is this hub's");
    post.begun.resolve();
  }
}

/** Leases in PostgreSQL: one statement now and then renews what the hub has and asks for what it has not. */
export const createDuties = (options: DutiesOptions): HubDuties => new Roster(options);
