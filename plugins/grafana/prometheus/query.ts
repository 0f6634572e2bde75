import type { Metrics } from 'novacron/plugin';
import type { Config } from '../config.ts';
import { PromError } from './errors.ts';
import type { NamedMetric } from './names.ts';
import type { Expression } from './promql.ts';
import type { Series, Value } from './series.ts';
import type { Things } from './things.ts';

/** What an expression is evaluated in: the steps of the query, and what the caller may see. */
export interface Query {
  readonly metricsOf: Pick<Metrics, 'windows' | 'newest'>;
  readonly metrics: ReadonlyMap<string, NamedMetric>;
  readonly things: Things;
  /** Epoch milliseconds of the first and the last step. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly signal: AbortSignal;
  readonly limits: Config['prometheus'];
  /** The value of a part of the expression at all steps. Errors: PromError; HubError of the store. */
  evaluate(expression: Expression): Promise<Value>;
}

export async function evaluateScalar(query: Query, expression: Expression, what: string): Promise<Float64Array> {
  const value = await query.evaluate(expression);
  if (value.is !== 'scalar') throw new PromError('bad_data', `expected type scalar in ${what}, got ${value.is}`);
  return value.values;
}

export async function evaluateVector(query: Query, expression: Expression, what: string): Promise<readonly Series[]> {
  if (expression.is === 'range') throw new PromError('bad_data', `expected type instant vector in ${what}, got range vector`);
  const value = await query.evaluate(expression);
  if (value.is !== 'vector') throw new PromError('bad_data', `expected type instant vector in ${what}, got ${value.is}`);
  return value.series;
}
