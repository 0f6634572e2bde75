import type { WholeAnswer } from 'novacron/plugin';
import type { GrafanaContext, GrafanaTools } from '../config.ts';
import { failureOf, instantAnswer, newestAnswer, noSuchRange, rangeAnswer, success } from './answer.ts';
import { PromError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import { nameMetrics } from './names.ts';
import { parseDuration, parsePromql } from './parse.ts';
import type { Matcher } from './promql.ts';
import type { Query } from './query.ts';
import { createReceiver } from './receive.ts';
import { findSeries, selectNewest } from './select.ts';
import { NAME, type Labels } from './series.ts';
import { createSight, type Things } from './things.ts';

const BODY_BYTES_MAX = 64 * 2 ** 20;
const DEVICE = 'device';

type Parameters = Pick<URLSearchParams, 'get' | 'getAll'>;

/** Of the query string and of a form; whichever comes first counts. */
function parametersOf({ bytes }: GrafanaContext, { url }: Request): Parameters {
  const begin = url.indexOf('?');
  const texts = [begin === -1 ? '' : url.slice(begin + 1), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()];
  return new URLSearchParams(texts.filter((text) => text !== '').join('&'));
}

const bad = (name: string, value: string, why: string): PromError =>
  new PromError('bad_data', `invalid parameter "${name}": cannot parse "${value}" to ${why}`);

/** Epoch milliseconds of a number of seconds or an RFC 3339 date and time. */
function instantOf(parameters: Parameters, name: string, fallback?: number): number {
  const text = parameters.get(name);
  if (text === null && fallback !== undefined) return fallback;
  const ms = text !== null && /^-?\d+(\.\d+)?(e\d+)?$/i.test(text) ? Math.round(Number(text) * 1000) : Date.parse(text ?? '');
  if (Number.isNaN(ms)) throw bad(name, text ?? '', 'a valid timestamp');
  return ms;
}

function durationOf(parameters: Parameters, name: string): number {
  const text = parameters.get(name) ?? '';
  const ms = parseDuration(text);
  if (ms === null || !(ms >= 1)) throw bad(name, text, 'a valid positive duration');
  return Math.round(ms);
}

type Sight = (ctx: GrafanaContext) => Things;

function queryOf(ctx: GrafanaContext, sight: Sight, range: { from: number; to: number; stepMs: number }): Query {
  const { services, config, signal } = ctx;
  const steps = Math.floor((range.to - range.from) / range.stepMs) + 1;
  if (steps > config.prometheus.pointsMax)
    throw new PromError(
      'bad_data',
      `exceeded maximum resolution of ${config.prometheus.pointsMax} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  const query: Query = {
    metricsOf: services.metrics,
    metrics: nameMetrics(services.metrics.declared()),
    things: sight(ctx),
    ...range,
    steps,
    signal: AbortSignal.any([signal, AbortSignal.timeout(config.prometheus.queryTimeoutSeconds * 1000)]),
    limits: config.prometheus,
    evaluate: (expression) => evaluate(query, expression),
  };
  return query;
}

async function instantQuery(ctx: GrafanaContext, sight: Sight, parameters: Parameters): Promise<WholeAnswer> {
  const at = instantOf(parameters, 'time', ctx.clock.now());
  const expression = parsePromql(parameters.get('query') ?? '');
  if (expression.is === 'range') throw noSuchRange();
  const query = queryOf(ctx, sight, { from: at, to: at, stepMs: 1 });
  const newest = expression.is === 'selector' ? await selectNewest(query, expression) : null;
  return newest === null ? instantAnswer(await query.evaluate(expression), at) : newestAnswer(newest, at);
}

async function rangeQuery(ctx: GrafanaContext, sight: Sight, parameters: Parameters): Promise<WholeAnswer> {
  const range = { from: instantOf(parameters, 'start'), to: instantOf(parameters, 'end'), stepMs: durationOf(parameters, 'step') };
  if (range.to < range.from) throw new PromError('bad_data', 'invalid parameter "end": end timestamp must not be before start time');
  const expression = parsePromql(parameters.get('query') ?? '');
  const query = queryOf(ctx, sight, range);
  return rangeAnswer(await query.evaluate(expression), range, query.steps);
}

function selectorsOf(parameters: Parameters, isRequired: boolean): Matcher[][] {
  const texts = parameters.getAll('match[]');
  if (texts.length === 0 && isRequired) throw new PromError('bad_data', 'no match[] parameter provided');
  if (texts.length === 0) return [[]];
  return texts.map((text) => {
    const expression = parsePromql(text);
    if (expression.is !== 'selector') throw new PromError('bad_data', `invalid parameter "match[]": "${text}" is no selector`);
    return [...expression.matchers];
  });
}

/** The label sets that selectors match; of tables with devices those of which there are recent samples. */
async function labelSets(ctx: GrafanaContext, sight: Sight, selectors: readonly Matcher[][]): Promise<Labels[]> {
  const at = ctx.clock.now();
  const query = queryOf(ctx, sight, { from: at, to: at, stepMs: 1 });
  const sets = new Map<string, Labels>();
  for (const selector of selectors)
    for (const { metric, things, matchesDevice } of await findSeries(query, selector)) {
      const ids = new Map(things.map((thing) => [thing.id, thing.labels]));
      for (const { entity, device } of ctx.services.metrics.latest(metric.table, [...ids.keys()])) {
        if (!matchesDevice(device ?? '')) continue;
        const labels = { [NAME]: metric.name, ...ids.get(entity), ...(device !== undefined && { [DEVICE]: device }) };
        sets.set(`${metric.name}\u0000${entity}\u0000${device ?? ''}`, labels);
        if (sets.size > query.limits.seriesMax) throw new PromError('execution', `more than ${query.limits.seriesMax} series match`);
      }
    }
  return [...sets.values()];
}

async function metadata(ctx: GrafanaContext, parameters: Parameters): Promise<WholeAnswer> {
  const only = parameters.get('metric');
  const named = [...nameMetrics(ctx.services.metrics.declared()).values()].filter(({ name }) => only === null || name === only);
  return success(
    Object.fromEntries(named.map(({ name, metric }) => [name, [{ type: metric.kind, help: metric.help, unit: metric.unit }]])),
  );
}

const BUILD = { version: '2.42.0', revision: 'novacron', branch: 'novacron', buildUser: '', buildDate: '', goVersion: '' };

type Answer = (ctx: GrafanaContext, parameters: Parameters) => Promise<WholeAnswer> | WholeAnswer;

function answersOf(sight: Sight): Readonly<Record<string, { help: string; answer: Answer }>> {
  const labels: Answer = async (ctx, parameters) => {
    const sets = await labelSets(ctx, sight, selectorsOf(parameters, false));
    return success([...new Set(sets.flatMap((set) => Object.keys(set)))].toSorted());
  };
  return {
    query: { help: "Prometheus' instant query", answer: (ctx, parameters) => instantQuery(ctx, sight, parameters) },
    query_range: { help: "Prometheus' range query", answer: (ctx, parameters) => rangeQuery(ctx, sight, parameters) },
    series: {
      help: 'Label sets that selectors match',
      answer: async (ctx, parameters) => success(await labelSets(ctx, sight, selectorsOf(parameters, true))),
    },
    labels: { help: 'Names of labels', answer: labels },
    metadata: { help: 'Types and help of metrics', answer: metadata },
  };
}

async function valuesOf(ctx: GrafanaContext, sight: Sight, parameters: Parameters): Promise<WholeAnswer> {
  const name = ctx.params['name'] ?? '';
  const sets = await labelSets(ctx, sight, selectorsOf(parameters, false));
  return success([...new Set(sets.flatMap((set) => set[name] ?? []))].toSorted());
}

/** Prometheus' read API over the hub's metrics, of what the caller may see, and the receiving end of its remote write. */
export function prometheusEndpoints({ endpoint }: GrafanaTools) {
  const sight = createSight();
  const handle = (answer: Answer) => async (ctx: GrafanaContext, request: Request) => {
    try {
      return await answer(ctx, parametersOf(ctx, request));
    } catch (error) {
      return failureOf(error);
    }
  };
  const both = Object.entries(answersOf(sight)).flatMap(([path, { help, answer }]) => {
    const declared = endpoint({ help, takesBytes: true, handle: handle(answer) });
    return [
      [`GET /prometheus/api/v1/${path}`, declared],
      [`POST /prometheus/api/v1/${path}`, declared],
    ] as const;
  });
  return {
    ...Object.fromEntries(both),
    'GET /prometheus/api/v1/label/:name/values': endpoint({
      help: 'Values of a label',
      handle: handle((ctx, parameters) => valuesOf(ctx, sight, parameters)),
    }),
    'GET /prometheus/api/v1/status/buildinfo': endpoint({
      help: 'What Grafana looks at to know which features there are',
      handle: () => success(BUILD),
    }),
    'POST /prometheus/api/v1/write': endpoint({
      help: 'Takes samples by Prometheus remote write 1.0, for those who may import metrics',
      bodyBytesMax: BODY_BYTES_MAX,
      takesBytes: true,
      handle: createReceiver(),
    }),
  };
}
