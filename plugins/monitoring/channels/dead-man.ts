import { setTimeout as sleep } from 'node:timers/promises';
import type { Duty, Log } from 'novacron/plugin';
import type { Pulse } from '../incidents/pulse.ts';
import type { DeadManConfig } from './config.ts';
import { postJson } from './http.ts';

const CALL_MS = 10_000;

/**
 * Calls an address as long as the hub that judges the rules and all its parts that must go on do; it stops when they stop, and whoever is called tells people then.
 * Ends with the duty.
 */
export async function keepCalling(config: DeadManConfig, { pulse, log, duty }: { pulse: Pulse; log: Log; duty: Duty }): Promise<void> {
  const { signal } = duty;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => stop(), { once: true });
  let wasWell = true;
  while (!signal.aborted) {
    duty.check();
    const silent = pulse.silent();
    if (silent.length > 0) {
      if (wasWell) log.error({ silent }, "The dead man's switch is not told that all is well: these parts are silent");
      wasWell = false;
    } else {
      wasWell = await call(config, { log, signal, wasWell });
    }
    await Promise.race([sleep(config.everySeconds * 1000, undefined, { ref: false }), stopped]);
  }
}

async function call(
  { url }: DeadManConfig,
  { log, signal, wasWell }: { log: Log; signal: AbortSignal; wasWell: boolean },
): Promise<boolean> {
  try {
    await postJson({ url, body: '{"state":"alive"}', signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]) });
    return true;
  } catch (error) {
    if (wasWell && !signal.aborted) log.warn({ err: error }, "The dead man's switch cannot be called; it is tried again");
    return false;
  }
}
