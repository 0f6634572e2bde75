import type { Resource } from 'novacron/plugin';
import type { ForecastChart } from '../../charts/port.ts';
import { durationText } from '../forecast/rules.ts';
import type { Forecast, MetricForecast } from '../port.ts';
import { metricWords } from '../words.ts';

export const DEMO_TAG = 'demo';
const SHOWN_HORIZONS = 4;

/** The latest part of the history, so that what is forecast is not squeezed to the edge. */
export function chartOf(forecast: MetricForecast, { name, tags }: Pick<Resource, 'name' | 'tags'>, now: number): ForecastChart {
  const { observed, points, metric, unit, record } = forecast;
  const shown = Math.max(48, Math.ceil((SHOWN_HORIZONS * forecast.horizonSeconds) / forecast.stepSeconds));
  const generated = tags.includes(DEMO_TAG);
  const notes = [
    `next ${durationText(forecast.horizonSeconds)}`,
    `model ${forecast.model}`,
    ...(record.mase === null ? [] : [`MASE of ${record.forecasts} earlier: ${record.mase.toFixed(2)}`]),
    ...(generated ? ['generated history'] : []),
  ];
  return {
    title: `${name}: ${metricWords(metric)}`,
    subtitle: notes.join('  ·  '),
    unit,
    now,
    ...(generated && { historyLabel: 'generated' }),
    history: { at: observed.at.slice(-shown), value: observed.value.slice(-shown) },
    forecast: {
      at: points.map(({ at }) => at),
      p10: points.map(({ p10 }) => p10),
      p50: points.map(({ p50 }) => p50),
      p90: points.map(({ p90 }) => p90),
    },
  };
}

type Fields = Omit<
  MetricForecast,
  keyof Pick<Forecast, 'observed' | 'limit' | 'backtest' | 'points' | 'history'> | 'target' | 'device' | 'ageSeconds'
>;

/** A forecast as the actions' outputs have it: lists that may be written to, no observed values. */
export function fieldsOf(forecast: MetricForecast, generated: boolean) {
  const { observed: _, limit: _limit, target: _target, device: _device, ageSeconds, backtest, points, history, ...rest } = forecast;
  const fields: Fields = rest;
  return { ...fields, backtest: [...backtest], points: [...points], history: { ...history, generated, ageSeconds } };
}
