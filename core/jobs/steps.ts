import { HubError, type StepOptions } from '../contract.ts';
import { asHubError, toFailure, type StoredFailure } from './failure.ts';
import { sleep } from './wait.ts';

export type StepPhase = 'before' | 'after' | 'undo';

export interface StepsOptions {
  /** Records what `run` returns, so that it is not run again after a crash. */
  record<T>(name: string, run: () => Promise<T>): Promise<T>;
  /** Fires on cancel and time-out. */
  readonly signal: AbortSignal;
  /** Fires when the hub stops: then nothing may be recorded any more, the job goes on at the next start. */
  readonly stopping: AbortSignal;
  /** Resolves while the job is surely this hub's, with what fires when that is not sure any more; hangs once it is another's. */
  mayGoOn(): Promise<AbortSignal>;
  onStep(phase: StepPhase, step: string): void | Promise<void>;
  onRetry(step: string, error: HubError): void;
  /** Told when a step begins (+1) and when it is over or hangs (-1): a hub that stops waits for those that run. */
  onBusy(change: 1 | -1): void;
}

type Recorded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: StoredFailure };

const RETRIES_MAX = 8;
const UNDO_RETRIES_MAX = 12;
const UNDO_TIMEOUT_MS = 60_000;
const pauseMs = (attempt: number): number => Math.min(200 * 2 ** attempt, 5_000);

/** The steps of one job: recorded as they happen, taken back in reverse when the job does not succeed. */
export class Steps {
  readonly #options: StepsOptions;
  readonly #undos: { readonly name: string; undo(signal: AbortSignal): Promise<void> }[] = [];

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  async step<T>(
    name: string,
    run: (signal: AbortSignal) => Promise<T>,
    ...[undo, options]: [((signal: AbortSignal) => Promise<void>)?, StepOptions?]
  ): Promise<T> {
    const { stopping, signal, onStep } = this.#options;
    if (stopping.aborted) await never();
    // Registered first: a step that failed, or whose answer was lost, may have happened.
    if (undo) this.#undos.push({ name, undo });
    return this.#recorded(name, async () => {
      await onStep('before', name);
      const value = await this.#attempt(name, { run, signal, retriesMax: options?.retriesMax ?? RETRIES_MAX });
      await onStep('after', name);
      return value;
    });
  }

  /** Takes back all steps, newest first. Returns what could not be taken back, as sentences. */
  async undo(): Promise<{ readonly undone: number; readonly leftovers: readonly string[] }> {
    const leftovers: string[] = [];
    for (const { name, undo } of this.#undos.toReversed())
      try {
        await this.#recorded(`undo ${name}`, async () => {
          await this.#options.onStep('undo', name);
          const signal = AbortSignal.timeout(UNDO_TIMEOUT_MS);
          await this.#attempt(`undo ${name}`, { run: undo, signal, retriesMax: UNDO_RETRIES_MAX });
        });
      } catch (error) {
        leftovers.push(`Step '${name}' could not be taken back: ${asHubError(error).message}`);
      }
    return { undone: this.#undos.length - leftovers.length, leftovers };
  }

  /** A failure is recorded as data: what a database library makes of an Error would lose the code. */
  async #recorded<T>(name: string, run: () => Promise<T>): Promise<T> {
    const { record, stopping, onBusy } = this.#options;
    const attempt = async (): Promise<Recorded<T>> => {
      onBusy(1);
      try {
        return { ok: true, value: await run() };
      } catch (error) {
        return { ok: false, failure: toFailure(asHubError(error)) };
      } finally {
        onBusy(-1);
      }
    };
    const recorded = await record(name, async () => {
      const result = await attempt();
      return result.ok || !stopping.aborted ? result : never();
    });
    if (recorded.ok) return recorded.value;
    const { code, message, ...rest } = recorded.failure;
    throw new HubError(code, message, rest);
  }

  async #attempt<T>(
    name: string,
    { run, signal, retriesMax }: { run(signal: AbortSignal): Promise<T>; signal: AbortSignal; retriesMax: number },
  ): Promise<T> {
    const both = AbortSignal.any([signal, this.#options.stopping]);
    for (let attempt = 0; ; attempt++) {
      both.throwIfAborted();
      const sure = await this.#options.mayGoOn();
      try {
        return await run(AbortSignal.any([both, sure]));
      } catch (error) {
        if (both.aborted) throw both.reason;
        // The hub was held up or cut off: once it is sure again that the job is its own, the step looks at the truth anew.
        if (sure.aborted) continue;
        const failure = asHubError(error);
        if (!failure.retryable || attempt >= retriesMax) throw failure;
        this.#options.onRetry(name, failure);
        await sleep(pauseMs(attempt), both);
      }
    }
  }
}

/** A job of a stopping hub hangs here: to return or to throw would be recorded as its end. */
export const never = (): Promise<never> => new Promise(() => {});
