import { HubError } from 'novacron/plugin';
import type { TrainedModel } from '../models/trained.ts';
import type { Forecast, ForecastOptions, Series } from '../port.ts';
import { runThread } from './run-thread.ts';
import type { ForecastReply, ForecastRequest } from './worker.ts';

export interface ThreadLimits {
  /** Trainings at once; each takes a processor and about 100 MiB. */
  readonly runningMax: number;
  readonly waitingMax: number;
}

const TIMEOUT_MS = 20_000;
const HEAP_MAX_MEBIBYTES = 512;

async function runInThread(request: ForecastRequest, signal: AbortSignal, timeoutMs: number): Promise<Forecast> {
  const job = {
    file: new URL('./worker.ts', import.meta.url),
    name: 'forecast',
    data: request,
    heapMaxMebibytes: HEAP_MAX_MEBIBYTES,
    timeoutMs,
  };
  const reply = await runThread<ForecastReply>(job, signal, { failed: failedError, timeout: () => timeoutError(timeoutMs) });
  if ('forecast' in reply) return reply.forecast;
  const { code, message, status, details } = reply.error;
  throw new HubError(code, message, { status, details: { ...details } });
}

const failedError = (reason: string, cause?: Error): HubError =>
  new HubError('forecast_failed', `The forecast could not be made: ${reason}.`, cause === undefined ? {} : { cause });

const timeoutError = (timeoutMs: number): HubError =>
  new HubError('forecast_timeout', `The forecast took longer than ${timeoutMs / 1000} s and was stopped. Ask for a shorter horizon.`, {
    status: 504,
  });

const overloadedError = (waitingMax: number): HubError =>
  new HubError('forecast_overloaded', `${waitingMax} forecasts wait already. Ask again in a moment.`, { status: 503, retryable: true });

/** A turnstile: at most `runningMax` inside, at most `waitingMax` before it, in the order they came. */
function createTurns({ runningMax, waitingMax }: ThreadLimits): (signal: AbortSignal) => Promise<() => void> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const leave = (): void => {
    running--;
    waiting.shift()?.();
  };
  return async (signal) => {
    if (running >= runningMax) {
      if (waiting.length >= waitingMax) throw overloadedError(waitingMax);
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
        const giveUp = (): void => {
          waiting.splice(waiting.indexOf(enter), 1);
          reject(signal.reason);
        };
        waiting.push(enter);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    }
    running++;
    return leave;
  };
}

export interface ForecastThreads {
  /** `trained`: models trained across series that take part. */
  forecast(series: Series, options: ForecastOptions & { readonly trained?: readonly TrainedModel[] }): Promise<Forecast>;
}

/** Forecasts in threads. Holds nothing between calls, so there is nothing to close. */
export function createForecasts(limits: ThreadLimits): ForecastThreads {
  const enter = createTurns(limits);
  return {
    async forecast(series, { signal, timeoutMs = TIMEOUT_MS, seed = 1, trained = [], ...options }) {
      signal.throwIfAborted();
      checkHorizon(options.horizonSeconds);
      const leave = await enter(signal);
      try {
        return await runInThread({ series, seed, trained, options }, signal, timeoutMs);
      } finally {
        leave();
      }
    },
  };
}

const HORIZON_MAX_SECONDS = 31 * 86_400;

function checkHorizon(horizonSeconds: number): void {
  if (horizonSeconds >= 60 && horizonSeconds <= HORIZON_MAX_SECONDS) return;
  const message = `A horizon of ${horizonSeconds} s is not possible; give one minute to 31 days.`;
  throw new HubError('forecast_input_invalid', message, { status: 422 });
}
