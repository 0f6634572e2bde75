import type { Config } from './config.ts';
import { createForecasts } from './forecast/threads.ts';
import type { Forecasts } from './port.ts';

const byConfig = new WeakMap<Config, Forecasts>();

/** The forecasts of a running plugin, known by its config: actions and other plugins take turns at the same turnstile. */
export function forecastsOf(config: Config): Forecasts {
  const known = byConfig.get(config);
  if (known !== undefined) return known;
  const made = createForecasts({ runningMax: config.trainingsMax, waitingMax: config.waitingMax });
  byConfig.set(config, made);
  return made;
}
