import type { Duties, Duty, Log } from '../contract.ts';
import { sleep } from './wait.ts';

const ASK_MS = 100;

export interface PresenceOptions {
  readonly duties: Duties;
  readonly executor: string;
  readonly log: Log;
  /** It was lost, perhaps to be missed by others, and is there again. */
  onBack(): void;
}

/** That this hub is there. While it is, no other one touches its jobs; once it is not, another takes them over. */
export class Presence {
  #duty: Duty | null = null;
  readonly #leaving = new AbortController();
  readonly #keeping: Promise<void>;
  readonly #log: Log;
  #isMissed = false;
  #term = 0;

  constructor({ duties, executor, log, onBack }: PresenceOptions) {
    this.#log = log;
    const stay = async (duty: Duty): Promise<void> => {
      this.#duty = duty;
      if (++this.#term > 1) onBack();
      await sleep(2 ** 31 - 1, duty.signal).catch(() => undefined);
      this.#duty = null;
    };
    this.#keeping = duties.keep(executor, stay, this.#leaving.signal);
  }

  /** Grows each time that it is there again. */
  get term(): number {
    return this.#term;
  }

  /** Fires when it is not sure any more, by this hub's clocks; `null`: it is not at this very moment. */
  get signal(): AbortSignal | null {
    try {
      this.#duty?.check();
      return this.#duty?.signal ?? null;
    } catch {
      return null;
    }
  }

  /** Resolves when it is there (again); rejects with the signal's reason. */
  async sure(signal: AbortSignal): Promise<void> {
    while (this.signal === null) {
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
