import { aggregate } from './aggregate.ts';
import { combine } from './binary.ts';
import { call } from './calls.ts';
import { PromError } from './errors.ts';
import type { Expression } from './promql.ts';
import type { Query } from './query.ts';
import { LOOKBACK_MS, select } from './select.ts';
import { withoutName, type Series, type Value } from './series.ts';

const constant = (query: Query, value: number): Value => ({ is: 'scalar', values: new Float64Array(query.steps).fill(value) });

const negate = ({ labels, values, has }: Series): Series => ({ labels: withoutName(labels), values: values.map((value) => -value), has });

/** What `Query.evaluate` does. */
export async function evaluate(query: Query, expression: Expression): Promise<Value> {
  query.signal.throwIfAborted();
  switch (expression.is) {
    case 'number':
      return constant(query, expression.value);
    case 'string':
      return { is: 'string', value: expression.value };
    case 'selector':
      return { is: 'vector', series: await select(query, expression, { function: 'last', windowMs: LOOKBACK_MS, isNamed: true }) };
    case 'range':
      throw new PromError('bad_data', 'a range vector stands only within a function such as rate()');
    case 'call':
      return call(query, expression);
    case 'aggregate':
      return aggregate(query, expression);
    case 'binary':
      return combine(query, expression);
    case 'negate': {
      const value = await query.evaluate(expression.of);
      if (value.is === 'scalar') return { is: 'scalar', values: value.values.map((one) => -one) };
      if (value.is === 'vector') return { is: 'vector', series: value.series.map(negate) };
      throw new PromError('bad_data', 'a string cannot be negated');
    }
  }
}
