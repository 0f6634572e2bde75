import type { View } from 'novacron/plugin';
import { z } from 'zod';
import { formatValue } from '../../charts/port.ts';
import { durationText } from '../forecast/rules.ts';
import { MODEL_NAMES } from '../port.ts';
import { metricWords } from '../words.ts';

const modelName = z.enum(MODEL_NAMES);
const instant = z.number().meta({ description: 'Epoch milliseconds' });

export const picture = z
  .object({ title: z.string(), alt: z.string(), mediaType: z.enum(['image/png', 'image/svg+xml']), base64: z.string() })
  .meta({ description: 'The chart, as a picture' });

const scoreRecord = z
  .object({ forecasts: z.int(), mase: z.number().nullable(), coverage: z.number().nullable() })
  .meta({ description: 'How good earlier forecasts of this series were, held against what came' });

export const unitOutput = z.enum(['bytes', 'seconds', 'ratio', 'count', 'bytesPerSecond', 'countPerSecond']);

/** A forecast as all actions give it. */
export const forecastFields = {
  id: z.string().meta({ description: 'Of its record: forecast scores' }),
  metric: z.string(),
  unit: unitOutput,
  model: modelName,
  backtest: z
    .array(z.object({ model: modelName, mase: z.number(), mae: z.number(), weight: z.number() }))
    .meta({ description: 'Scores on this very series, best first' }),
  folds: z.int(),
  coverage: z.number().meta({ description: 'Share of the backtest inside the band; 0.8 is the aim' }),
  seasonSeconds: z.number().nullable().meta({ description: 'The rhythm that was found; null: none, or none but the day' }),
  horizonSeconds: z.number(),
  stepSeconds: z.number(),
  shortened: z.object({ askedSeconds: z.number(), needsHistorySeconds: z.number() }).nullable(),
  points: z.array(z.object({ at: instant, p10: z.number(), p50: z.number(), p90: z.number() })),
  history: z.object({ from: instant, to: instant, steps: z.int(), missing: z.int(), generated: z.boolean(), ageSeconds: z.number() }),
  record: scoreRecord,
};

export const forecastOutput = z.object({ ...forecastFields, vm: z.object({ id: z.string(), name: z.string() }), picture });
export type ForecastOutput = z.output<typeof forecastOutput>;

type Point = ForecastOutput['points'][number];

const clockText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const highest = (points: readonly Point[], of: 'p50' | 'p90'): Point | undefined =>
  points.reduce<Point | undefined>((best, point) => (best === undefined || point[of] > best[of] ? point : best), undefined);

const upperFirst = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function headline({ vm, metric, unit, points, horizonSeconds }: ForecastOutput): string {
  const [peak, worst] = [highest(points, 'p50'), highest(points, 'p90')];
  const low = Math.min(...points.map(({ p50 }) => p50));
  if (peak === undefined || worst === undefined) return '';
  const [from, to, upper] = [low, peak.p50, worst.p90].map((value) => formatValue(value, unit));
  const most =
    from === to ? `will most likely stay at ${from}` : `will most likely be between ${from} and ${to}, highest near ${clockText(peak.at)}`;
  return `${upperFirst(metricWords(metric))} of ${vm.name} over the next ${durationText(horizonSeconds)} ${most}. Nine of ten values should stay below ${upper}.`;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function quality({ model, backtest, coverage, folds, record }: ForecastOutput): string {
  const mase = backtest.find((score) => score.model === model)?.mase ?? 0;
  const how = model === 'combination' ? `the weighted median of ${backtest.length - 1} models` : `${model}, chosen from ${backtest.length}`;
  const tested = `Model: ${how}, by ${folds} tests on this VM's own past (MASE ${mase.toFixed(2)}); the band held ${percent(coverage)} of the values tested.`;
  return [tested, ...recordText(record)].join(' ');
}

/** What came of earlier forecasts; nothing while none is over. */
export function recordText({ forecasts, mase, coverage }: ForecastOutput['record']): string[] {
  if (forecasts === 0 || mase === null) return [];
  const count = forecasts === 1 ? 'One earlier forecast that is over was' : `${forecasts} earlier forecasts that are over were`;
  return [`${count} off by MASE ${mase.toFixed(2)}, with ${percent(coverage ?? 0)} inside the band.`];
}

function caveats({ history, shortened, horizonSeconds, stepSeconds }: ForecastOutput): string[] {
  const notes: string[] = [];
  if (shortened !== null) {
    const [asked, needs] = [durationText(shortened.askedSeconds), durationText(shortened.needsHistorySeconds)];
    const there = durationText(history.steps * stepSeconds);
    notes.push(
      `You asked for ${asked}; ${there} of history carry only ${durationText(horizonSeconds)}. For ${asked}, ${needs} are needed.`,
    );
  }
  if (history.missing * 10 > history.steps)
    notes.push(`${Math.round((100 * history.missing) / (history.steps + history.missing))} % of the history is missing.`);
  if (history.ageSeconds > 2 * stepSeconds)
    notes.push(`The newest value is ${durationText(history.ageSeconds)} old, so the forecast begins there.`);
  if (history.generated) notes.push('The history of this VM was generated for demonstration; it was not measured.');
  return notes;
}

/** A headline, how far to trust it, and the picture. */
export function showForecast(output: ForecastOutput): View {
  const { unit, backtest, picture } = output;
  return {
    text: [headline(output), quality(output), ...caveats(output)].join(' '),
    pictures: [picture],
    table: {
      columns: ['Model', 'MASE', 'Mean error', 'Weight'],
      rows: backtest.map(({ model, mase, mae, weight }) => [
        model,
        mase.toFixed(2),
        formatValue(mae, unit),
        weight < 0.005 ? '' : percent(weight),
      ]),
    },
  };
}
