import { HubError } from 'novacron/plugin';
import type { MetricForecast } from '../../analytics/port.ts';
import type { GrafanaContext } from '../config.ts';
import { encodeFrame, unitConfig, type FrameJson, type FrameMeta } from '../frames.ts';
import type { MetricAsk } from './request.ts';
import { nameOf, type MetricSeries } from './series.ts';

const SECONDS = { m: 60, h: 3600, d: 86_400 } as const;

const secondsOf = (words: string): number => Number(words.slice(0, -1)) * SECONDS[words.slice(-1) as keyof typeof SECONDS];

type Notices = NonNullable<FrameMeta['notices']>;

/** How far to trust it, by its tests and by what came of earlier ones: what panels show beside the band. */
function scoreOf(forecast: MetricForecast) {
  const { model, backtest, coverage, folds, horizonSeconds, stepSeconds, seasonSeconds, shortened, record } = forecast;
  const mase = backtest.find((each) => each.model === model)?.mase ?? null;
  return { model, mase, coverage, folds, horizonSeconds, stepSeconds, seasonSeconds, isShortened: shortened !== null, record };
}

/** Median and band of one series. The panel fills what lies between p90 and the field that it names. */
function toFrame(forecast: MetricForecast, one: MetricSeries, refId: string): FrameJson {
  const name = nameOf(one);
  const low = `${name} p10`;
  const quantile = (key: 'p10' | 'p50' | 'p90', custom: Record<string, unknown>) => ({
    name: key,
    type: 'number' as const,
    labels: { name: one.name, ...(one.device !== null && { device: one.device }), quantile: key },
    config: { ...unitConfig(forecast.unit), displayNameFromDS: `${name} ${key}`, custom },
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

/** Forecasts the first series of an answer, of things that the caller was shown already; what cannot be forecast becomes a notice. */
export async function forecastFrames(
  { services, config, signal }: GrafanaContext,
  { metric, forecast = '24h', refId }: MetricAsk,
  series: readonly MetricSeries[],
): Promise<{ frames: FrameJson[]; notices: Notices }> {
  const { forecasts } = services;
  const notices: Notices = [];
  if (forecasts === undefined) {
    const text = 'Nothing can be forecast: the plugin analytics is not on.';
    return { frames: [], notices: [{ severity: 'warning', text }] };
  }
  const wanted = series.slice(0, config.frames.forecastsMax);
  if (wanted.length < series.length)
    notices.push({ severity: 'info', text: `Forecast are the first ${wanted.length} of ${series.length} series.` });
  const frames = await Promise.all(
    wanted.map(async (one) => {
      const question = {
        metric,
        target: one.id,
        ...(one.device !== null && { device: one.device }),
        horizonSeconds: secondsOf(forecast),
        signal,
      };
      try {
        return toFrame(await forecasts.ofMetric(question), one, refId);
      } catch (error) {
        notices.push({ severity: 'warning', text: `${nameOf(one)}: ${reasonOf(error)}` });
        return null;
      }
    }),
  );
  return { frames: frames.filter((frame) => frame !== null), notices };
}
