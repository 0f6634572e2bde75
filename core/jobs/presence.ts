import type { Duties, Duty, Log } from '../contract.ts';
import { sleep } from './wait.ts';

const ASK_MS = 100;

/** That this hub is there. While it is, no other one touches its jobs; once it is not, another takes them over. */
export class Presence {
  #duty: Duty | null = null;
  readonly #leaving = new AbortController();
  readonly #keeping: Promise<void>;
  readonly #log: Log;
  #isMissed = false;

  constructor({ duties, executor, log }: { readonly duties: Duties; readonly executor: string; readonly log: Log }) {
    this.#log = log;
    const stay = async (duty: Duty): Promise<void> => {
      this.#duty = duty;
      await sleep(2 ** 31 - 1, duty.signal).catch(() => undefined);
      this.#duty = null;
    };
    this.#keeping = duties.keep(executor, stay, this.#leaving.signal);
  }

  /** By this hub's clocks, at this very moment. */
  get isSure(): boolean {
    try {
      this.#duty?.check();
      return this.#duty !== null;
    } catch {
      return false;
    }
  }

  /** Resolves when it is there (again); rejects with the signal's reason. */
  async sure(signal: AbortSignal): Promise<void> {
    while (!this.isSure) {
      if (!this.#isMissed) this.#log.debug({}, "jobs wait until it is sure that they are still this hub's");
      this.#isMissed = true;
      await sleep(ASK_MS, signal);
    }
    this.#isMissed = false;
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#keeping;
  }
}
