import { HubError, type Base, type Resolved } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import { createRecommendationStore } from '../recommendations/store.ts';
import { repeat } from '../repeat.ts';
import { runtimeOf } from '../runtime.ts';
import { scale, type ScalerOptions } from './scaler.ts';
import { createScalingStore } from './store.ts';

type Context = Pick<Base<Config, Needs>, 'config' | 'clock' | 'log'> & { readonly services: Resolved<Needs> };

/** What a look at all policies needs. HubError `plugin_unavailable` without a hypervisor. */
export function scalerOptions({ services, clock, log }: Context): ScalerOptions {
  const { hypervisor, metrics, actions, database } = services;
  if (hypervisor === undefined)
    throw new HubError('plugin_unavailable', 'Without the hypervisor plugin there are no VMs to scale.', { status: 503 });
  const [store, recommendations] = [createScalingStore(database), createRecommendationStore(database)];
  return { hypervisor, metrics, actions, store, recommendations, forecasts: runtimeOf({ services }).forecasts, clock, log };
}

/** Follows the policies now and then until the signal fires. */
export async function keepScaling(ctx: Context, signal: AbortSignal): Promise<void> {
  const options = scalerOptions(ctx);
  const onFailure = (err: unknown): void => ctx.log.warn({ err }, 'scaling policies could not be followed');
  await repeat(() => scale(options, signal), { everyMs: ctx.config.scalingMinutes * 60_000, onFailure }, signal);
}
