import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, type Base, type Resolved } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import { runtimeOf } from '../runtime.ts';
import { look, type AdvisorOptions } from './advisor.ts';
import { createRecommendationStore } from './store.ts';

type Context = Pick<Base<Config, Needs>, 'config' | 'clock' | 'log'> & { readonly services: Resolved<Needs> };

const FIRST_LOOK_MS = 60_000;

/** What a look needs. HubError `plugin_unavailable` without a hypervisor. */
export function advisorOptions({ services, config, clock, log }: Context): AdvisorOptions {
  const { hypervisor, metrics, jobs, database } = services;
  if (hypervisor === undefined)
    throw new HubError('plugin_unavailable', 'Without the hypervisor plugin there are no VMs to advise on.', { status: 503 });
  const store = createRecommendationStore(database);
  const { forecasts, workloads } = runtimeOf({ services });
  return { hypervisor, metrics, jobs, store, forecasts, workloads, rules: config.recommendations, clock, log };
}

/** Looks now and then until the signal fires. A look that fails is said, and made again. */
export async function keepAdvising(ctx: Context, signal: AbortSignal): Promise<void> {
  const options = advisorOptions(ctx);
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = ctx.config.recommendations.everyMinutes * 60_000)
    try {
      await sleep(pauseMs, undefined, { signal, ref: false });
      await look(options, signal);
    } catch (error) {
      if (signal.aborted) return;
      ctx.log.warn({ err: error }, 'a look for recommendations failed');
    }
}
