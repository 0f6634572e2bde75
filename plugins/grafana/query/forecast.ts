import { HubError } from 'novacron/plugin';
import type { Forecast } from '../../analytics/port.ts';
import type { GrafanaContext } from '../config.ts';
import { encodeFrame, unitId, type FrameJson, type FrameMeta } from '../frames.ts';
import type { MetricAsk } from './request.ts';
import { askSeries, nameOf, type MetricSeries } from './series.ts';

const SECONDS = { m: 60, h: 3600, d: 86_400 } as const;
const HOUR = 3600;

const secondsOf = (words: string): number => Number(words.slice(0, -1)) * SECONDS[words.slice(-1) as keyof typeof SECONDS];

/** Finer steps for what is near. */
function stepFor(horizonSeconds: number): number {
  if (horizonSeconds <= 6 * HOUR) return 300;
  return horizonSeconds <= 12 * HOUR ? 900 : HOUR;
}

type Notices = NonNullable<FrameMeta['notices']>;

/** How far to trust it: what panels show beside the band. */
export function scoreOf({ model, backtest, coverage, folds, horizonSeconds, stepSeconds, seasonSeconds, shortened }: Forecast) {
  const mase = backtest.find((each) => each.model === model)?.mase ?? null;
  return { model, mase, coverage, folds, horizonSeconds, stepSeconds, seasonSeconds, isShortened: shortened !== null };
}

/** Median and band of one series. The panel fills what lies between p90 and the field that it names. */
function toFrame(forecast: Forecast, one: MetricSeries, refId: string): FrameJson {
  const name = nameOf(one);
  const low = `${name} p10`;
  const quantile = (key: 'p10' | 'p50' | 'p90', custom: Record<string, unknown>) => ({
    name: key,
    type: 'number' as const,
    labels: { name: one.name, ...(one.device !== null && { device: one.device }), quantile: key },
    config: { ...unitId(one.unit), displayNameFromDS: `${name} ${key}`, custom },
    values: forecast.points.map((point) => point[key]),
  });
  return encodeFrame({ refId, name: `${name} forecast`, meta: { custom: { forecast: { of: name, ...scoreOf(forecast) } } } }, [
    { name: 'time', type: 'time', values: forecast.points.map(({ at }) => at) },
    quantile('p10', { lineWidth: 0, fillOpacity: 0 }),
    quantile('p50', { lineStyle: { fill: 'dash', dash: [8, 6] }, lineWidth: 2, fillOpacity: 0 }),
    quantile('p90', { lineWidth: 0, fillOpacity: 20, fillBelowTo: low }),
  ]);
}

const reasonOf = (error: unknown): string => {
  if (HubError.is(error)) return error.message;
  throw error;
};

/** Forecasts the first series of an answer, each from its own history; what cannot be forecast becomes a notice. */
export async function forecastFrames(
  ctx: GrafanaContext,
  ask: MetricAsk,
  series: readonly MetricSeries[],
): Promise<{ frames: FrameJson[]; notices: Notices }> {
  const { services, config, clock, signal } = ctx;
  const { forecasts } = services;
  if (forecasts === undefined)
    return { frames: [], notices: [{ severity: 'warning', text: 'Nothing can be forecast: the plugin analytics is not on.' }] };
  const wanted = series.slice(0, config.frames.forecastsMax);
  const horizonSeconds = secondsOf(ask.forecast ?? '24h');
  const stepSeconds = stepFor(horizonSeconds);
  const to = Math.floor(clock.now() / (stepSeconds * 1000)) * stepSeconds * 1000;
  const targets = [...new Set(wanted.map(({ id }) => id))];
  if (targets.length === 0) return { frames: [], notices: [] };
  const from = to - config.frames.historyDays * 86_400_000;
  const history = await askSeries(ctx, { metric: ask.metric, targets, aggregate: ask.aggregate, from, to, stepSeconds });
  const notices: Notices = [];
  if (wanted.length < series.length)
    notices.push({ severity: 'info', text: `Forecast are the first ${wanted.length} of ${series.length} series.` });
  const frames = await Promise.all(
    wanted.map(async (one) => {
      const past = history.series.find(({ id, device }) => id === one.id && device === one.device) ?? one;
      const bound = past.unit === 'ratio' ? { maximum: 1 } : {};
      try {
        return toFrame(await forecasts.forecast(past, { horizonSeconds, stepSeconds, signal, ...bound }), one, ask.refId);
      } catch (error) {
        notices.push({ severity: 'warning', text: `${nameOf(one)}: ${reasonOf(error)}` });
        return null;
      }
    }),
  );
  return { frames: frames.filter((frame) => frame !== null), notices };
}
