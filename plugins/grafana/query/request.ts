import { HubError } from 'novacron/plugin';
import { z } from 'zod';
import type { Config } from '../config.ts';

const name = z.string().min(1).max(200);
const base = { refId: z.string().min(1).max(40), hide: z.boolean().default(false) };

/** Which things: those that are named, or all that fit. */
const chosen = {
  targets: z.array(name).max(500).default([]),
  tenant: name.optional(),
  tag: name.optional(),
  host: name.optional(),
};

const metric = z.object({
  ...base,
  ...chosen,
  kind: z.literal('metric'),
  metric: z.string().min(1).max(120),
  aggregate: z.enum(['mean', 'min', 'max', 'last', 'sum', 'p50', 'p95', 'p99', 'rate']).optional(),
  stepSeconds: z.int().min(1).max(31_536_000).optional(),
  /** How far ahead, beside what was measured: `6h`, `24h`, `7d`. */
  forecast: z
    .string()
    .regex(/^[1-9]\d{0,3}[mhd]$/, 'must be minutes, hours or days such as 30m, 6h or 7d')
    .optional(),
  /** What was found unusual in it, as points beside it. */
  anomalies: z.boolean().default(false),
});
export type MetricAsk = z.output<typeof metric>;

const sql = z.object({ ...base, kind: z.literal('sql'), sql: z.string().min(1).max(20_000) });
export type SqlAsk = z.output<typeof sql>;

const action = z.object({
  ...base,
  kind: z.literal('action'),
  action: z.string().min(1).max(100),
  input: z.record(z.string(), z.json()).default({}),
});
export type ActionAsk = z.output<typeof action>;

export const ANNOTATED = ['incidents', 'jobs'] as const;
const annotations = z.object({
  ...base,
  kind: z.literal('annotations'),
  of: z
    .array(z.enum(ANNOTATED))
    .min(1)
    .default([...ANNOTATED]),
});
export type AnnotationsAsk = z.output<typeof annotations>;

const query = z.discriminatedUnion('kind', [metric, sql, action, annotations]);
export type Ask = z.output<typeof query>;

const instant = z.number().min(0).max(8.64e15);
const body = z.object({
  from: instant,
  to: instant,
  maxDataPoints: z.int().min(1).max(100_000).default(300),
  queries: z.array(query).min(1),
});
export type FrameRequest = z.output<typeof body>;
export type Range = Pick<FrameRequest, 'from' | 'to' | 'maxDataPoints'>;

const invalid = (message: string): HubError => new HubError('grafana_query_invalid', message, { status: 400 });

/** Each place and what is wrong there, on one line: it stands in a panel's corner. */
const said = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => (path.length === 0 ? message : `${z.core.toDotPath(path)}: ${message}`)).join('; ');

/** Errors: HubError `grafana_query_invalid` with the place. */
export async function readRequest(request: Request, { queriesMax }: Config['frames']): Promise<FrameRequest> {
  const text = await request.text();
  const given = await Promise.resolve(text)
    .then(JSON.parse)
    .catch(() => undefined);
  if (given === undefined) throw invalid('The body is not JSON.');
  const { data, error } = body.safeParse(given);
  if (error !== undefined) throw invalid(said(error).slice(0, 1000));
  if (data.from >= data.to) throw invalid('The range is empty: "from" must be before "to".');
  if (data.queries.length > queriesMax) throw invalid(`${data.queries.length} queries at once are too many: at most ${queriesMax}.`);
  return data;
}
