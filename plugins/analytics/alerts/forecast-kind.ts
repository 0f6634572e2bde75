import { HubError, type Json, type Log, type Metrics } from 'novacron/plugin';
import { z } from 'zod';
import { formatValue } from '../../charts/port.ts';
import type { Finding, RuleKind, Subject } from '../../monitoring/port.ts';
import { asForecast, partsOf } from '../metric-history.ts';
import type { Forecasts, LimitOutlook, Series } from '../port.ts';
import { mayReach } from '../sizing/nearing.ts';
import { metricWords } from '../words.ts';

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;
const HISTORY_DAYS = 14;
/** Below the row limit of one query: 14 days of hours are 336 rows a series. */
const TARGETS_AT_ONCE = 25;
/** Each costs a thread for a second; what is nearest to its limit comes first. */
const FORECASTS_MAX = 20;
/** Too little to judge by is no trouble of the rule. */
const UNKNOWN = new Set(['forecast_history_short', 'forecast_history_old', 'forecast_input_invalid']);

const Settings = z
  .strictObject({
    above: z.number().optional(),
    below: z.number().optional(),
    of: z.string().min(1).max(60).optional(),
    withinSeconds: z
      .int()
      .min(1_800)
      .max(14 * DAY_SECONDS)
      .default(12 * 3600),
    chance: z.number().min(0.05).max(0.95).default(0.5),
  })
  .refine(({ above, below }) => (above === undefined) !== (below === undefined), { message: 'needs either "above" or "below"' });
type Settings = z.output<typeof Settings>;

export interface ForecastKindOptions {
  readonly everySeconds: number;
  readonly metrics: Pick<Metrics, 'query' | 'latest' | 'declared'>;
  readonly forecasts: Pick<Forecasts, 'forecast'>;
  readonly log: Log;
}

interface Candidate {
  readonly subject: Subject;
  readonly series: Series;
  readonly limit: number;
  /** What the limit is a share of; null: the limit is a figure of its own. */
  readonly of: number | null;
  /** How far it is from its limit, as a share of it. */
  readonly distance: number;
}

type Direction = LimitOutlook['direction'];

const directionOf = ({ above }: Settings): Direction => (above === undefined ? 'below' : 'above');

/** Steps that a horizon is forecast in: about fifty. */
const stepFor = ({ withinSeconds }: Settings): number => (withinSeconds <= 2 * 3600 ? 300 : withinSeconds <= 12 * 3600 ? 900 : 3600);

const lastOf = ({ value }: Series): number | null => value.findLast((each) => each !== null) ?? null;

/**
 * Rules of the kind `forecast`: bad when a limit will be reached in time with the given chance. Settings: `above` or `below` in the unit of the metric,
 * or as a share of another metric of its table (`of`), `withinSeconds` (30 minutes to 14 days, default 12 hours), `chance` (default 0.5).
 * Most series are nowhere near and cost nothing; of the others the 20 nearest are forecast at each look.
 */
export function createForecastKind(options: ForecastKindOptions): RuleKind {
  return {
    kind: 'forecast',
    everySeconds: options.everySeconds,
    settings: {
      validate(value) {
        const read = Settings.safeParse(value);
        return read.success ? { ok: true, value: value as Json } : { ok: false, reason: z.prettifyError(read.error) };
      },
    },
    describe({ metric, settings }) {
      const read = Settings.safeParse(settings);
      if (!read.success) return 'forecast';
      const { above, below, of, withinSeconds, chance } = read.data;
      const unit = of === undefined ? options.metrics.declared().get(metric ?? '')?.unit : 'ratio';
      const edge = `${above === undefined ? 'below' : 'above'} ${formatValue(above ?? below ?? 0, unit ?? 'count')}`;
      return `when it will be ${edge} within ${hoursText(withinSeconds * 1000)}, with a chance of ${Math.round(chance * 100)} % or more`;
    },
    async judge({ metric, settings, targets }, at, signal) {
      if (metric === null) throw new HubError('alert_metric_missing', 'A rule of the kind "forecast" needs a metric.', { status: 400 });
      const wanted = Settings.parse(settings);
      const found: Finding[] = [];
      const near: Candidate[] = [];
      for (let first = 0; first < targets.length; first += TARGETS_AT_ONCE)
        for (const one of await candidates(options, {
          metric,
          settings: wanted,
          subjects: targets.slice(first, first + TARGETS_AT_ONCE),
          at,
          signal,
        })) {
          const approach = { limit: one.limit, direction: directionOf(wanted), withinSeconds: wanted.withinSeconds };
          if (mayReach(one.series, approach)) near.push(one);
          else found.push(calm(one.subject, metric));
        }
      const ordered = near.toSorted((a, b) => a.distance - b.distance);
      for (const one of ordered.slice(0, FORECASTS_MAX)) found.push(await foresee(options, one, { metric, settings: wanted, at, signal }));
      return [...found, ...ordered.slice(FORECASTS_MAX).map(({ subject }) => unseen(subject))];
    },
  };
}

interface Asked {
  readonly metric: string;
  readonly settings: Settings;
  readonly at: number;
  readonly signal: AbortSignal;
}

async function candidates(
  { metrics }: ForecastKindOptions,
  { metric, settings, subjects, at, signal }: Asked & { readonly subjects: readonly Subject[] },
): Promise<Candidate[]> {
  const declared = metrics.declared().get(metric);
  if (declared === undefined) throw new HubError('metric_unknown', `There is no metric '${metric}'.`, { status: 422 });
  const { aggregate, table } = asForecast(metric, declared);
  const stepSeconds = stepFor(settings);
  const to = Math.floor(at / (stepSeconds * 1000)) * stepSeconds * 1000;
  const days = Math.min(HISTORY_DAYS, (stepSeconds * 1300) / DAY_SECONDS);
  const targets = [...new Set(subjects.map(({ id }) => id))];
  const frame = await metrics.query({ metric, targets, from: to - days * 24 * HOUR_MS, to, stepSeconds, aggregate }, signal);
  const series = partsOf(frame);
  const wholes = new Map(metrics.latest(table, targets).map((one) => [`${one.entity} ${one.device ?? ''}`, one.values[settings.of ?? '']]));
  return subjects.flatMap((subject) => {
    const own = series.get(subject.id)?.get(subject.device ?? '');
    const last = own && lastOf(own);
    const whole = settings.of === undefined ? 1 : wholes.get(`${subject.id} ${subject.device ?? ''}`);
    if (own === undefined || last === null || last === undefined || typeof whole !== 'number') return [];
    const limit = (settings.above ?? settings.below ?? 0) * whole;
    return [
      {
        subject,
        series: own,
        limit,
        of: settings.of === undefined ? null : whole,
        distance: Math.abs(limit - last) / Math.max(Math.abs(limit), Number.MIN_VALUE),
      },
    ];
  });
}

const calm = (subject: Subject, metric: string): Finding => ({
  subject,
  verdict: 'good',
  summary: `${nameOf(subject, metric)} is nowhere near its limit.`,
  values: {},
});

/** What is known of it stays as it was. */
const unseen = (subject: Subject): Finding => ({
  subject,
  verdict: 'unknown',
  summary: `Not forecast at this look: ${FORECASTS_MAX} others are nearer to their limit.`,
  values: {},
});

async function foresee({ forecasts, log }: ForecastKindOptions, one: Candidate, { metric, settings, signal, at }: Asked): Promise<Finding> {
  const { subject, series, limit } = one;
  const direction = directionOf(settings);
  const stepSeconds = stepFor(settings);
  const options = { horizonSeconds: settings.withinSeconds, stepSeconds, signal, limit: { value: limit, direction } };
  try {
    const { limit: outlook } = await forecasts.forecast(series, options);
    return outlook === null ? calm(subject, metric) : toFinding(one, outlook, { metric, settings, at });
  } catch (error) {
    if (!HubError.is(error) || !UNKNOWN.has(error.code)) throw error;
    log.debug({ metric, entity: subject.id, code: error.code }, 'a series cannot be forecast');
    return { subject, verdict: 'unknown', summary: error.message, values: {} };
  }
}

function toFinding(
  { subject, series, limit, of }: Candidate,
  outlook: LimitOutlook,
  asked: Pick<Asked, 'metric' | 'settings' | 'at'>,
): Finding {
  const { metric, settings, at } = asked;
  const chance = outlook.probability.at(-1) ?? 0;
  const last = lastOf(series) ?? 0;
  const isThere = outlook.direction === 'above' ? last >= limit : last <= limit;
  const name = nameOf(subject, metric);
  const hours = (instant: number | null): string =>
    instant === null ? `after ${hoursText(outlook.horizonSeconds * 1000)}` : hoursText(Math.max(0, instant - at));
  const share =
    settings.of === undefined ? String(Number(limit.toPrecision(3))) : `${Math.round(100 * (settings.above ?? settings.below ?? 0))} %`;
  const summary = isThere
    ? `${name} has reached ${share}.`
    : `${name} reaches ${share} in ${hours(outlook.p50At)} (perhaps in ${hours(outlook.p10At)}).`;
  return {
    subject,
    verdict: chance >= settings.chance || isThere ? 'bad' : 'good',
    summary: chance >= settings.chance || isThere ? summary : calm(subject, metric).summary,
    values: { value: last, limit, ...(of !== null && { of }), chance: Number(chance.toFixed(3)) },
  };
}

const hoursText = (ms: number): string => (ms < 2 * HOUR_MS ? `${Math.round(ms / 60_000)} min` : `${Number((ms / HOUR_MS).toFixed(1))} h`);

const nameOf = ({ name, device }: Subject, metric: string): string =>
  device === undefined ? `${metricWords(metric)} of ${name}` : `${metricWords(metric)} ${device} of ${name}`;
