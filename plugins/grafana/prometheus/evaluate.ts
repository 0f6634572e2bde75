import type { Metrics } from 'novacron/plugin';
import type { Config } from '../config.ts';
import { aggregate } from './aggregate.ts';
import { combine } from './binary.ts';
import { call } from './calls.ts';
import { PromError } from './errors.ts';
import type { NamedMetric } from './names.ts';
import type { Expression } from './promql.ts';
import { LOOKBACK_MS, select } from './select.ts';
import { withoutName, type Series, type Value } from './series.ts';
import type { Things } from './things.ts';

/** What an expression is evaluated in: the steps of the query, and what the caller may see. */
export interface Query {
  readonly metricsOf: Pick<Metrics, 'windows' | 'latest'>;
  readonly metrics: ReadonlyMap<string, NamedMetric>;
  readonly things: Things;
  /** Epoch milliseconds of the first and the last step. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly signal: AbortSignal;
  readonly limits: Config['prometheus'];
  /** Newest samples by table and thing, as far as this query has looked. */
  readonly newest: Map<string, ReadonlyMap<string, ReturnType<Metrics['latest']>>>;
}

const constant = (query: Query, value: number): Value => ({ is: 'scalar', values: new Float64Array(query.steps).fill(value) });

const negate = ({ labels, values, has }: Series): Series => ({ labels: withoutName(labels), values: values.map((value) => -value), has });

/** The value of an expression at all steps. Errors: PromError; HubError of the store. */
export async function evaluate(query: Query, expression: Expression): Promise<Value> {
  query.signal.throwIfAborted();
  switch (expression.is) {
    case 'number':
      return constant(query, expression.value);
    case 'string':
      return { is: 'string', value: expression.value };
    case 'selector':
      return { is: 'vector', series: await select(query, expression, { function: 'last', windowMs: LOOKBACK_MS }) };
    case 'range':
      throw new PromError('bad_data', 'a range vector stands only within a function such as rate()');
    case 'call':
      return call(query, expression);
    case 'aggregate':
      return aggregate(query, expression);
    case 'binary':
      return combine(query, expression);
    case 'negate': {
      const value = await evaluate(query, expression.of);
      if (value.is === 'scalar') return { is: 'scalar', values: value.values.map((one) => -one) };
      if (value.is === 'vector') return { is: 'vector', series: value.series.map(negate) };
      throw new PromError('bad_data', 'a string cannot be negated');
    }
  }
}

export async function evaluateScalar(query: Query, expression: Expression, what: string): Promise<Float64Array> {
  const value = await evaluate(query, expression);
  if (value.is !== 'scalar') throw new PromError('bad_data', `expected type scalar in ${what}, got ${value.is}`);
  return value.values;
}

export async function evaluateVector(query: Query, expression: Expression, what: string): Promise<readonly Series[]> {
  if (expression.is === 'range') throw new PromError('bad_data', `expected type instant vector in ${what}, got range vector`);
  const value = await evaluate(query, expression);
  if (value.is !== 'vector') throw new PromError('bad_data', `expected type instant vector in ${what}, got ${value.is}`);
  return value.series;
}
