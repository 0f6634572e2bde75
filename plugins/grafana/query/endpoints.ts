import { HubError } from 'novacron/plugin';
import type { GrafanaContext, GrafanaTools } from '../config.ts';
import type { FrameJson } from '../frames.ts';
import { actionFrames } from './action.ts';
import { annotationFrames, findAnnotations } from './annotations.ts';
import { metricFrames } from './metric.ts';
import { ANNOTATED, readRequest, type Ask, type Range } from './request.ts';
import { sqlFrames } from './sql.ts';
import { findVariables } from './variables.ts';

const BODY_BYTES_MAX = 2 ** 20;

function framesOf(ctx: GrafanaContext, ask: Ask, range: Range): Promise<FrameJson[]> {
  switch (ask.kind) {
    case 'metric':
      return metricFrames(ctx, ask, range);
    case 'sql':
      return sqlFrames(ctx, ask, range);
    case 'action':
      return actionFrames(ctx, ask);
    case 'annotations':
      return annotationFrames(ctx, ask, range);
  }
}

interface QueryError {
  readonly refId: string;
  readonly code: string;
  readonly message: string;
}

/** Each query by itself: one that is refused does not blank the others of its panel. */
async function answerOne(ctx: GrafanaContext, ask: Ask, range: Range): Promise<{ frames: FrameJson[]; errors: QueryError[] }> {
  try {
    return { frames: await framesOf(ctx, ask, range), errors: [] };
  } catch (error) {
    if (ctx.signal.aborted)
      throw new HubError('grafana_query_timeout', 'The queries took too long. Ask for less, or a longer step.', { status: 504 });
    if (!HubError.is(error)) throw error;
    return { frames: [], errors: [{ refId: ask.refId, code: error.code, message: error.message }] };
  }
}

async function query(ctx: GrafanaContext, request: Request): Promise<Response> {
  const { queries, ...range } = await readRequest(request, ctx.config.frames);
  const limited = { ...ctx, signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(ctx.config.frames.timeoutSeconds * 1000)]) };
  const answers = await Promise.all(queries.filter(({ hide }) => !hide).map((ask) => answerOne(limited, ask, range)));
  return Response.json({ frames: answers.flatMap(({ frames }) => frames), errors: answers.flatMap(({ errors }) => errors) });
}

function instantOf(parameters: URLSearchParams, name: string, fallback: number): number {
  const text = parameters.get(name);
  const at = text === null ? fallback : Number(text);
  if (Number.isFinite(at)) return at;
  throw new HubError('grafana_query_invalid', `"${name}" must be epoch milliseconds.`, { status: 400 });
}

async function annotations(ctx: GrafanaContext, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const to = instantOf(searchParams, 'to', ctx.clock.now());
  const asked = searchParams.getAll('of');
  const of = ANNOTATED.filter((one) => asked.length === 0 || asked.includes(one));
  return Response.json({ annotations: await findAnnotations(ctx, of, { from: instantOf(searchParams, 'from', to - 86_400_000), to }) });
}

/** What the data source of the app asks. */
export const queryEndpoints = ({ endpoint }: GrafanaTools) => ({
  'POST /query': endpoint({ help: 'Queries of a panel, answered as data frames', bodyBytesMax: BODY_BYTES_MAX, handle: query }),
  'GET /annotations': endpoint({ help: 'Incidents and jobs in a range of time', handle: annotations }),
  'GET /variables': endpoint({
    help: 'Values of a dashboard variable: vms, hosts, tenants, tags, metrics',
    handle: async (ctx, request) => Response.json(await findVariables(ctx, new URL(request.url).searchParams)),
  }),
  'GET /health': endpoint({
    help: 'What "Save & test" of the data source asks',
    handle: ({ services, actor }) =>
      Response.json({
        version: services.hub.version,
        actor: { name: actor!.name, role: actor!.role, tenant: actor!.tenant },
        metrics: services.metrics.declared().size,
        forecasts: services.forecasts !== undefined,
      }),
  }),
});
