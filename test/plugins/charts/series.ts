import type { ForecastChart } from '../../../plugins/charts/port.ts';

export const HOUR = 3_600_000;
export const START = Date.UTC(2026, 10, 9);

/** Two weeks of a daily wave, then a day of forecast. */
export function forecastChart(change: Partial<ForecastChart> = {}): ForecastChart {
  const at = Array.from({ length: 336 }, (_, i) => START + i * HOUR);
  const later = Array.from({ length: 24 }, (_, i) => START + (336 + i) * HOUR);
  const wave = (instant: number): number => 0.3 + 0.2 * Math.sin((instant / HOUR / 24) * 2 * Math.PI);
  return {
    title: 'web-1: CPU',
    subtitle: 'next 24 h',
    unit: 'ratio',
    now: later[0] ?? 0,
    history: { at, value: at.map(wave) },
    forecast: { at: later, p10: later.map((a) => wave(a) - 0.05), p50: later.map(wave), p90: later.map((a) => wave(a) + 0.05) },
    ...change,
  };
}
