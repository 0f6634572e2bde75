import type { GrafanaContext } from '../config.ts';
import { encodeFrame, unitConfig, type FrameJson, type FrameMeta } from '../frames.ts';
import { anomalyFrames } from './anomalies.ts';
import { forecastFrames } from './forecast.ts';
import type { MetricAsk, Range } from './request.ts';
import { askSeries, nameOf, type MetricSeries } from './series.ts';
import { chooseTargets, kindOf } from './targets.ts';

/** The door takes so many names at once. */
const TARGETS_MAX = 500;
/** What the door makes of a range when it is not told a step. */
const POINTS_USUAL = 300;
const STEP_MIN_SECONDS = 60;

/** Wider steps than usual for a small panel; never narrower ones, which the samples may not fill. */
function stepOf({ stepSeconds }: MetricAsk, { from, to, maxDataPoints }: Range): number | undefined {
  if (stepSeconds !== undefined || maxDataPoints >= POINTS_USUAL) return stepSeconds;
  return Math.max(STEP_MIN_SECONDS, Math.ceil((to - from) / 1000 / maxDataPoints));
}

const labelsOf = ({ name, device }: MetricSeries): Record<string, string> => ({ name, ...(device !== null && { device }) });

export function toFrame(one: MetricSeries, refId: string, meta: FrameMeta = {}): FrameJson {
  const name = nameOf(one);
  const config = { ...unitConfig(one.unit), displayNameFromDS: name };
  return encodeFrame({ refId, name, meta: { type: 'timeseries-multi', ...meta } }, [
    { name: 'time', type: 'time', values: one.at },
    { name: 'value', type: 'number', labels: labelsOf(one), config, values: one.value },
  ]);
}

/** One frame a series; with a forecast one more for each that is forecast. */
export async function metricFrames(ctx: GrafanaContext, ask: MetricAsk, range: Range): Promise<FrameJson[]> {
  const chosen = await chooseTargets(ctx, kindOf(ask.metric), ask);
  if (chosen === null) return [];
  const targets = chosen.slice(0, TARGETS_MAX);
  const { metric, aggregate, refId } = ask;
  const { series, truncated } = await askSeries(ctx, {
    metric,
    targets,
    aggregate,
    from: range.from,
    to: range.to,
    stepSeconds: stepOf(ask, range),
  });
  const shown = series.slice(0, ctx.config.frames.seriesMax);
  const forecasts = ask.forecast === undefined ? { frames: [], notices: [] } : await forecastFrames(ctx, ask, shown);
  const isCut = truncated || chosen.length > targets.length || series.length > shown.length;
  const cut = { severity: 'warning', text: 'Not all is shown: ask for fewer things or a longer step.' } as const;
  const notices = [...(isCut ? [cut] : []), ...forecasts.notices];
  const frames = shown.map((one, index) => toFrame(one, refId, index === 0 && notices.length > 0 ? { notices } : {}));
  const { anomalies } = ctx.services;
  const unusual = ask.anomalies && anomalies !== undefined ? await anomalyFrames(anomalies, { ...range, series: shown }, ask) : [];
  return [...frames, ...forecasts.frames, ...unusual];
}
