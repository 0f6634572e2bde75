import { Worker } from 'node:worker_threads';
import { HubError, type Picture } from 'novacron/plugin';
import { checkRequest, type DrawRequest } from './draw/requests.ts';
import type { DrawReply } from './draw/worker.ts';

export interface RendererOptions {
  /** The worker is ended when it had nothing to draw for so long. */
  readonly idleMs: number;
  /** A picture that takes longer is given up. */
  readonly timeoutMs: number;
  /** Pictures that may wait. */
  readonly waitingMax: number;
}

export interface Renderer {
  draw(request: DrawRequest, signal?: AbortSignal): Promise<Picture>;
  /** Starts the thread ahead of the first picture. */
  prepare(): void;
  close(): Promise<void>;
  /** Does a worker run now? */
  busy(): boolean;
}

interface Pending {
  readonly settle: (reply: { picture: Picture } | { error: unknown }) => void;
}

const MEMORY_MAX_MEBIBYTES = 256;

function startWorker(onReply: (reply: DrawReply) => void, onEnd: (reason: string) => void): Worker {
  const worker = new Worker(new URL('./draw/worker.ts', import.meta.url), {
    name: 'charts',
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MAX_MEBIBYTES },
  });
  worker.on('message', onReply);
  worker.on('error', (error: Error) => onEnd(error.message));
  worker.on('exit', (code) => onEnd(`exit code ${code}`));
  return worker;
}

const hubError = ({ code, message, status }: { code: string; message: string; status: number }): HubError =>
  new HubError(code, message, { status });

interface Expecting {
  readonly timeoutMs: number;
  onTimeout(): void;
  onSettled(): void;
}

/** A picture to come: settled by the thread, by the caller's signal, or by whoever `onTimeout` tells. */
function expectPicture(
  signal: AbortSignal | undefined,
  { timeoutMs, onTimeout, onSettled }: Expecting,
): { promise: Promise<Picture>; pending: Pending } {
  const { promise, resolve, reject } = Promise.withResolvers<Picture>();
  const timer = setTimeout(onTimeout, timeoutMs);
  const settle: Pending['settle'] = (reply) => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    if ('picture' in reply) resolve(reply.picture);
    else reject(reply.error);
    onSettled();
  };
  const abort = (): void => settle({ error: signal?.reason });
  signal?.addEventListener('abort', abort, { once: true });
  return { promise, pending: { settle } };
}

/** Draws in one worker thread that starts with the first picture and ends when idle: its memory goes back with it. */
export function createRenderer({ idleMs, timeoutMs, waitingMax }: RendererOptions): Renderer {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let ids = 0;
  let closed = false;

  async function end(error: HubError): Promise<void> {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    for (const { settle } of pending.values()) settle({ error });
    await ending?.terminate();
  }

  function start(): Worker {
    const started = startWorker(
      (reply) => pending.get(reply.id)?.settle('picture' in reply ? reply : { error: hubError(reply.error) }),
      (reason) => {
        if (worker !== started) return;
        void end(new HubError('chart_failed', `The drawing thread ended: ${reason}. Ask again.`, { retryable: true }));
      },
    );
    return started;
  }

  function rest(): void {
    if (pending.size > 0 || worker === undefined) return;
    worker.unref();
    idle = setTimeout(() => void end(closedError()), idleMs).unref();
  }

  function send(request: DrawRequest, signal: AbortSignal | undefined): Promise<Picture> {
    const id = ++ids;
    const { promise, pending: one } = expectPicture(signal, {
      timeoutMs,
      onTimeout: () => void end(timeoutError(timeoutMs)),
      onSettled() {
        pending.delete(id);
        rest();
      },
    });
    clearTimeout(idle);
    pending.set(id, one);
    worker ??= start();
    worker.ref();
    worker.postMessage({ id, request }, []);
    return promise;
  }

  return {
    prepare() {
      if (closed || worker !== undefined) return;
      worker = start();
      rest();
    },
    async draw(request, signal) {
      signal?.throwIfAborted();
      checkRequest(request);
      if (closed) throw closedError();
      if (pending.size >= waitingMax) throw overloadedError(waitingMax);
      return send(request, signal);
    },
    async close() {
      closed = true;
      await end(closedError());
    },
    busy: () => worker !== undefined,
  };
}

const closedError = (): HubError =>
  new HubError('chart_closed', 'Charts are closed because the hub stops.', { status: 503, retryable: true });

const overloadedError = (waitingMax: number): HubError =>
  new HubError('chart_overloaded', `${waitingMax} charts wait already. Ask again in a moment.`, { status: 503, retryable: true });

const timeoutError = (timeoutMs: number): HubError =>
  new HubError('chart_timeout', `The chart was not drawn within ${timeoutMs / 1000} s. Ask again, or for fewer points.`, {
    status: 504,
    retryable: true,
  });
