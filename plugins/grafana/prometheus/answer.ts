import { HubError, type WholeAnswer } from 'novacron/plugin';
import { PromError, type PromErrorType } from './errors.ts';
import { formatValue } from './format.ts';
import type { NewestRows } from './select.ts';
import { labelsKey, NAME, type Series, type Value } from './series.ts';
import { TextBytes, toBytes } from './text-bytes.ts';

/** Prometheus' answers. JSON is written piece by piece, as bytes: an object for each value would cost more than the query. */

const STATUS: Readonly<Record<PromErrorType, number>> = { bad_data: 400, execution: 422, timeout: 503, not_found: 404 };
const headers = { 'content-type': 'application/json' };

export const success = (data: unknown): WholeAnswer => ({ headers, body: `{"status":"success","data":${JSON.stringify(data)}}` });

function failure(errorType: string, error: string, status: number): WholeAnswer {
  return { status, headers, body: JSON.stringify({ status: 'error', errorType, error }) };
}

/** Errors of the query, and those of the store that the query is to blame for, as Prometheus says them; anything else is thrown on. */
export function failureOf(error: unknown): WholeAnswer {
  if (error instanceof PromError) return failure(error.type, error.message, STATUS[error.type]);
  if (HubError.is(error)) {
    if (error.code === 'metrics_query_large' || error.code === 'metrics_query_invalid') return failure('execution', error.message, 422);
    if (error.code === 'sql_timeout') return failure('timeout', error.message, 503);
  }
  throw error;
}

const instant = (ms: number): string => String(ms / 1000);

function begin(resultType: string, expectedBytes?: number): TextBytes {
  const json = new TextBytes(expectedBytes);
  json.text(`{"status":"success","data":{"resultType":"${resultType}","result":[`);
  return json;
}

function end(json: TextBytes): WholeAnswer {
  json.text(']}}');
  return { headers, body: json.whole() };
}

interface Steps {
  readonly from: number;
  readonly stepMs: number;
}

/** `at`: how the value of each step begins. */
function writePoints(json: TextBytes, { values, has }: Series, at: readonly string[]): void {
  let close = '';
  for (let step = 0; step < values.length; step++) {
    if (has[step] !== 1) continue;
    json.text(close);
    close = '"],';
    json.text(at[step]!);
    json.text(formatValue(values[step]!));
  }
  json.text('"]');
}

export function rangeAnswer(value: Value, { from, stepMs }: Steps, steps: number): WholeAnswer {
  if (value.is === 'string')
    throw new PromError('bad_data', 'invalid expression type "string" for range query, must be Scalar or instant Vector');
  const at = Array.from({ length: steps }, (_, step) => `[${instant(from + step * stepMs)},"`);
  const series = value.is === 'scalar' ? [{ labels: {}, values: value.values, has: new Uint8Array(steps).fill(1) }] : value.series;
  const some = series.filter(({ has }) => has.includes(1));
  const json = begin('matrix');
  for (const [index, one] of (some.length > 1 ? sortedByLabels(some) : some).entries()) {
    json.text(`${index > 0 ? ',' : ''}{"metric":${JSON.stringify(one.labels)},"values":[`);
    writePoints(json, one, at);
    json.text(']}');
  }
  return end(json);
}

const sortedByLabels = (series: readonly Series[]): Series[] =>
  series
    .map((one) => ({ one, key: labelsKey(one.labels) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ one }) => one);

/** A single value, which needs no brackets around it but its own. */
const single = (resultType: string, at: number, json: string): WholeAnswer => ({
  headers,
  body: `{"status":"success","data":{"resultType":"${resultType}","result":[${instant(at)},${json}]}}`,
});

export function instantAnswer(value: Value, at: number): WholeAnswer {
  if (value.is === 'string') return single('string', at, JSON.stringify(value.value));
  if (value.is === 'scalar') return single('scalar', at, `"${formatValue(value.values[0]!)}"`);
  const json = begin('vector');
  const some = value.series.filter(({ has }) => has[0] === 1);
  for (const [index, { labels, values }] of some.entries()) {
    json.text(`${index > 0 ? ',' : ''}{"metric":${JSON.stringify(labels)},"value":[${instant(at)},"`);
    json.text(formatValue(values[0]!));
    json.text('"]}');
  }
  return end(json);
}

/** An entry with its metric, its value and what stands between is no longer than this, and what its thing is called. */
const ENTRY_BYTES = 100;
const CLOSE = '"]},';

/** Tens of thousands of newest values: what is the same for many is encoded once. */
export function newestAnswer(newest: readonly NewestRows[], at: number): WholeAnswer {
  const bytesEach = ENTRY_BYTES + (newest[0]?.things.find((thing) => thing !== undefined)?.json.length ?? 0);
  const json = begin('vector', newest.reduce((sum, { count }) => sum + count, 1) * bytesEach);
  const value = toBytes(`},"value":[${instant(at)},"`);
  let isFirst = true;
  for (const { metric, things, devices, values } of newest) {
    const next = toBytes(`${CLOSE}{"metric":{"${NAME}":"${metric.name}",`);
    for (let row = 0; row < things.length; row++) {
      const thing = things[row];
      if (thing === undefined) continue;
      json.bytes(isFirst ? next.subarray(CLOSE.length) : next);
      isFirst = false;
      json.bytes(thing.json);
      if (devices !== undefined) json.text(`,"device":${JSON.stringify(devices[row])}`);
      json.bytes(value);
      json.text(formatValue(values[row]!));
    }
  }
  if (!isFirst) json.text('"]}');
  return end(json);
}

/** Of an instant query of a range: the samples themselves are not to be had. */
export const noSuchRange = (): PromError =>
  new PromError('bad_data', 'not supported by NovaCron: a bare range vector; ask /api/v1/query_range for its samples');
