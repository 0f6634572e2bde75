import { HubError, type Base, type Resolved } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import { repeat } from '../repeat.ts';
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
  const everyMs = ctx.config.recommendations.everyMinutes * 60_000;
  const onFailure = (err: unknown): void => ctx.log.warn({ err }, 'a look for recommendations failed');
  await repeat(() => look(options, signal), { firstMs: FIRST_LOOK_MS, everyMs, onFailure }, signal);
}
