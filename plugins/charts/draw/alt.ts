import type { Unit } from 'novacron/plugin';
import type { ChartSeries, ForecastChart, LineChart } from '../port.ts';
import { cutText } from './text.ts';
import { formatValue } from './units.ts';

const SENTENCE_GLYPHS = 120;

const clean = (text: string): string => cutText(text, SENTENCE_GLYPHS);

/** `2026-11-23 14:00 UTC`. */
const instant = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function spanOf(at: readonly number[]): string {
  const [from, to] = [at[0], at.at(-1)];
  return from === undefined || to === undefined ? 'no time at all' : `${instant(from)} to ${instant(to)}`;
}

function rangeText(values: readonly (number | null)[], unit: Unit): string {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? 'no values' : `between ${formatValue(low, unit)} and ${formatValue(high, unit)}`;
}

function measured({ at, value }: ChartSeries, unit: Unit): string {
  const last = value.findLast((one) => one !== null && Number.isFinite(one));
  return `${rangeText(value, unit)} from ${spanOf(at)}${typeof last === 'number' ? `, last ${formatValue(last, unit)}` : ''}`;
}

/** What the picture of a forecast shows, for a person who cannot see it. */
export function altOfForecast({ title, unit, history, historyLabel = 'measured', forecast }: ForecastChart): string {
  const peak = forecast.p50.reduce((best, value, i) => (value > (forecast.p50[best] ?? value) ? i : best), 0);
  return [
    `Line chart: ${clean(title)}.`,
    `History (${clean(historyLabel)}): ${measured(history, unit)}.`,
    `Forecast until ${instant(forecast.at.at(-1) ?? 0)}: median ${rangeText(forecast.p50, unit)}, highest near ${instant(forecast.at[peak] ?? 0)};`,
    `8 of 10 values are expected ${rangeText([...forecast.p10, ...forecast.p90], unit)}.`,
  ].join(' ');
}

/** What the picture of lines shows, for a person who cannot see it. */
export function altOfLines({ title, unit, series }: LineChart): string {
  const lines = series.map((one) => `${clean(one.name)}: ${measured(one, unit)}`);
  return `Line chart: ${clean(title)}. ${lines.join('; ')}.`;
}
