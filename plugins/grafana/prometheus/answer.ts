import { HubError } from 'novacron/plugin';
import { PromError, type PromErrorType } from './errors.ts';
import { formatValue } from './format.ts';
import { labelsKey, type Series, type Value } from './series.ts';

/** Prometheus' answers. JSON is written piece by piece: an object for each value would cost more than the query. */

const STATUS: Readonly<Record<PromErrorType, number>> = { bad_data: 400, execution: 422, timeout: 503, not_found: 404 };
const HEADERS = { 'content-type': 'application/json' };

export const success = (data: unknown): Response =>
  new Response(`{"status":"success","data":${JSON.stringify(data)}}`, { headers: HEADERS });

function failure(errorType: string, error: string, status: number): Response {
  return new Response(JSON.stringify({ status: 'error', errorType, error }), { status, headers: HEADERS });
}

/** Errors of the query, and those of the store that the query is to blame for, as Prometheus says them; anything else is thrown on. */
export function failureOf(error: unknown): Response {
  if (error instanceof PromError) return failure(error.type, error.message, STATUS[error.type]);
  if (HubError.is(error)) {
    if (error.code === 'metrics_query_large' || error.code === 'metrics_query_invalid') return failure('execution', error.message, 422);
    if (error.code === 'sql_timeout') return failure('timeout', error.message, 503);
  }
  throw error;
}

const instant = (ms: number): string => String(ms / 1000);

interface Steps {
  readonly from: number;
  readonly stepMs: number;
}

function matrixEntry({ labels, values, has }: Series, at: readonly string[]): string {
  const points: string[] = [];
  for (let step = 0; step < values.length; step++) if (has[step] === 1) points.push(`${at[step]!}${formatValue(values[step]!)}"]`);
  return points.length === 0 ? '' : `{"metric":${JSON.stringify(labels)},"values":[${points.join(',')}]}`;
}

const answer = (resultType: string, result: string): Response =>
  new Response(`{"status":"success","data":{"resultType":"${resultType}","result":${result}}}`, { headers: HEADERS });

export function rangeAnswer(value: Value, { from, stepMs }: Steps, steps: number): Response {
  if (value.is === 'string')
    throw new PromError('bad_data', 'invalid expression type "string" for range query, must be Scalar or instant Vector');
  const at = Array.from({ length: steps }, (_, step) => `[${instant(from + step * stepMs)},"`);
  const series = value.is === 'scalar' ? [{ labels: {}, values: value.values, has: new Uint8Array(steps).fill(1) }] : value.series;
  const sorted = series.length > 1 ? sortedByLabels(series) : series;
  const entries = sorted.map((one) => matrixEntry(one, at)).filter((entry) => entry !== '');
  return answer('matrix', `[${entries.join(',')}]`);
}

const sortedByLabels = (series: readonly Series[]): Series[] =>
  series
    .map((one) => ({ one, key: labelsKey(one.labels) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ one }) => one);

/** Entries that are written already. */
export const vectorAnswer = (entries: readonly string[]): Response => answer('vector', `[${entries.join(',')}]`);

export function instantAnswer(value: Value, at: number): Response {
  if (value.is === 'string') return answer('string', `[${instant(at)},${JSON.stringify(value.value)}]`);
  if (value.is === 'scalar') return answer('scalar', `[${instant(at)},"${formatValue(value.values[0]!)}"]`);
  const head = `"value":[${instant(at)},"`;
  const entries = value.series
    .filter(({ has }) => has[0] === 1)
    .map(({ labels, values }) => `{"metric":${JSON.stringify(labels)},${head}${formatValue(values[0]!)}"]}`);
  return vectorAnswer(entries);
}

/** Of an instant query of a range: the samples themselves are not to be had. */
export const noSuchRange = (): PromError =>
  new PromError('bad_data', 'not supported by NovaCron: a bare range vector; ask /api/v1/query_range for its samples');
