import { Worker } from 'node:worker_threads';
import { HubError } from 'novacron/plugin';
import type { Forecast, Forecasts } from '../port.ts';
import type { ForecastReply, ForecastRequest } from './worker.ts';

export interface ThreadLimits {
  /** Trainings at once; each takes a processor and about 100 MiB. */
  readonly runningMax: number;
  readonly waitingMax: number;
}

const TIMEOUT_MS = 20_000;
const HEAP_MAX_MEBIBYTES = 512;

/** Runs one forecast in a thread of its own, which is gone when the promise settles: WebAssembly memory never shrinks, an ended thread gives it back. */
async function runInThread(request: ForecastRequest, signal: AbortSignal, timeoutMs: number): Promise<Forecast> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ForecastReply>();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'forecast',
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MEBIBYTES },
  });
  const abort = (): void => reject(signal.reason);
  const timer = setTimeout(() => reject(timeoutError(timeoutMs)), timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  worker.on('message', resolve);
  worker.on('error', (error: Error) => reject(failedError(error.message, error)));
  worker.on('exit', (code) => reject(failedError(`exit code ${code}`)));
  try {
    const reply = await promise;
    if ('forecast' in reply) return reply.forecast;
    const { code, message, status, details } = reply.error;
    throw new HubError(code, message, { status, details: { ...details } });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
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

/** Forecasts in threads. Holds nothing between calls, so there is nothing to close. */
export function createForecasts(limits: ThreadLimits): Forecasts {
  const enter = createTurns(limits);
  return {
    async forecast(series, { horizonSeconds, stepSeconds, signal, minimum, maximum, timeoutMs = TIMEOUT_MS, seed = 1 }) {
      signal.throwIfAborted();
      checkHorizon(horizonSeconds);
      const leave = await enter(signal);
      try {
        const bounds = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
        return await runInThread({ series, seed, options: { horizonSeconds, stepSeconds, ...bounds } }, signal, timeoutMs);
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
