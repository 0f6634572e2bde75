import type { Aggregate, AlertCondition, AlertRule, AlertScope, Bound } from 'novacron/plugin';
import { rangeOf, selectorOf, type Names, type Selected } from './selector.ts';
import { cannot, childOf, childrenOf, parseExpression, parseNumber, parseSeconds, textOf, unwrap, type Tree } from './tree.ts';

/** The part of a rule that its expression says. */
export type Meaning = Pick<AlertRule, 'metric' | 'of' | 'aggregate' | 'windowSeconds' | 'condition' | 'scope'>;

/** A value of the hub, stretched and moved: `factor * value + offset`. */
interface Linear {
  readonly value: Value;
  readonly factor: number;
  readonly offset: number;
}

type Value = Selected & {
  readonly aggregate?: Aggregate;
  readonly windowSeconds?: number;
  /** Change per second instead of the value. */
  readonly isRate?: boolean;
  readonly of?: string;
  readonly past?: { readonly compare: 'ratio' | 'difference'; readonly agoSeconds: number };
  readonly agoSeconds?: number;
};

const OVER_TIME: Readonly<Record<string, Aggregate>> = {
  avg_over_time: 'mean',
  min_over_time: 'min',
  max_over_time: 'max',
  last_over_time: 'last',
  sum_over_time: 'sum',
};
const QUANTILES: Readonly<Record<string, Aggregate>> = { 0.5: 'p50', 0.95: 'p95', 0.99: 'p99' };

const single = (value: Value, factor = 1): Linear => ({ value, factor, offset: 0 });

function changeOf(name: string, arg: Tree, names: Names): Linear {
  const range = rangeOf(arg, names);
  const isCounter = range.kind === 'counter';
  if (['rate', 'irate', 'increase'].includes(name) !== isCounter)
    throw cannot(`${name}() of ${range.metric}, which is a ${range.kind}: ${isCounter ? 'take rate()' : 'take deriv()'}`);
  const value = { ...range, isRate: true };
  return single(value, name === 'increase' || name === 'delta' ? range.windowSeconds : 1);
}

function callOf(tree: Tree, names: Names): Linear {
  const name = textOf(childrenOf(tree)[0] ?? tree);
  const body = childOf(tree, 'FunctionCallBody');
  const args = body ? childrenOf(body).map(unwrap) : [];
  const [first, second] = args;
  const aggregate = OVER_TIME[name];
  if (aggregate !== undefined && first) return single({ ...rangeOf(first, names), aggregate });
  if (name === 'quantile_over_time' && first && second) {
    const quantile = QUANTILES[Number(textOf(first))];
    if (quantile === undefined) throw cannot(`the quantile ${textOf(first)}; there are 0.5, 0.95 and 0.99`);
    return single({ ...rangeOf(second, names), aggregate: quantile });
  }
  if (['rate', 'irate', 'increase', 'deriv', 'delta'].includes(name) && first) return changeOf(name, first, names);
  if (name === 'predict_linear') throw cannot('predict_linear(): make a rule of the kind "forecast", which says how sure it is');
  throw cannot(`the function ${name}()`);
}

const numberOf = (tree: Tree): number | undefined => {
  const inner = unwrap(tree);
  if (inner.node.name === 'NumberDurationLiteral') return parseNumber(textOf(inner));
  const [, of] = inner.node.name === 'UnaryExpr' ? childrenOf(inner) : [];
  const value = of === undefined ? undefined : numberOf(of);
  return value === undefined ? undefined : textOf(inner).startsWith('-') ? -value : value;
};

function sameThings(a: Value, b: Value): boolean {
  return JSON.stringify(a.scope) === JSON.stringify(b.scope);
}

const tableOf = (metric: string): string => metric.slice(0, metric.lastIndexOf('.'));

/** a / b of one table, or either against itself in the past. */
function pairOf(op: string, a: Linear, b: Linear): Linear {
  if (a.offset !== 0 || b.offset !== 0) throw cannot('arithmetic of several values');
  const { agoSeconds, ...then } = b.value;
  const isSelf = JSON.stringify(a.value) === JSON.stringify(then) && agoSeconds !== undefined && a.factor === b.factor;
  if (isSelf && op === '/') return single({ ...a.value, past: { compare: 'ratio', agoSeconds } });
  if (isSelf && op === '-') return single({ ...a.value, past: { compare: 'difference', agoSeconds } }, a.factor);
  const isRatio = op === '/' && agoSeconds === undefined && tableOf(a.value.metric) === tableOf(b.value.metric);
  const isAlike =
    a.value.aggregate === b.value.aggregate && a.value.windowSeconds === b.value.windowSeconds && !a.value.isRate && !b.value.isRate;
  if (isRatio && isAlike && sameThings(a.value, b.value)) {
    const of = b.value.metric.slice(tableOf(b.value.metric).length + 1);
    return { value: { ...a.value, of }, factor: a.factor / b.factor, offset: 0 };
  }
  throw cannot(`${op} of two metrics; the hub divides two metrics of one table, or compares one with its past`);
}

function arithmeticOf(tree: Tree, names: Names): Linear {
  const parts = childrenOf(tree);
  const op = textOf(parts[1] ?? tree);
  const [left, right] = [parts[0], parts.at(-1)];
  if (left === undefined || right === undefined || !['+', '-', '*', '/'].includes(op)) throw cannot(`the operator ${op} inside of a value`);
  if (parts.some(({ node }) => node.name === 'MatchingModifierClause' && /group_(left|right)/.test(textOf({ node, text: tree.text }))))
    throw cannot('joins with group_left or group_right');
  const [constant, isLeft] = [numberOf(left) ?? numberOf(right), numberOf(left) !== undefined];
  if (constant === undefined) return pairOf(op, linearOf(left, names), linearOf(right, names));
  const { value, factor, offset } = linearOf(isLeft ? right : left, names);
  if (op === '*') return { value, factor: factor * constant, offset: offset * constant };
  if (op === '/' && !isLeft && constant !== 0) return { value, factor: factor / constant, offset: offset / constant };
  if (op === '+') return { value, factor, offset: offset + constant };
  if (op === '-') return isLeft ? { value, factor: -factor, offset: constant - offset } : { value, factor, offset: offset - constant };
  throw cannot('a number divided by a metric');
}

/** The grammar takes an offset for the whole of an operation; Prometheus means its last operand. */
function offsetOf(tree: Tree, names: Names): Linear {
  const inner = childrenOf(tree)[0];
  const duration = childrenOf(tree).at(-1);
  if (inner === undefined || duration === undefined) throw cannot('an offset of nothing');
  const agoSeconds = parseSeconds(textOf(duration).trim());
  const target = unwrap(inner);
  if (target.node.name !== 'BinaryExpr') {
    const { value, factor, offset } = linearOf(target, names);
    return { value: { ...value, agoSeconds }, factor, offset };
  }
  const parts = childrenOf(target);
  const [left, right] = [parts[0], parts.at(-1)];
  if (left === undefined || right === undefined) throw cannot('an offset of nothing');
  const then = linearOf(right, names);
  return pairOf(textOf(parts[1] ?? target), linearOf(left, names), { ...then, value: { ...then.value, agoSeconds } });
}

function linearOf(given: Tree, names: Names): Linear {
  const tree = unwrap(given);
  switch (tree.node.name) {
    case 'VectorSelector':
      return single(selectorOf(tree, names));
    case 'FunctionCall':
      return callOf(tree, names);
    case 'BinaryExpr':
      return arithmeticOf(tree, names);
    case 'OffsetExpr':
      return offsetOf(tree, names);
    case 'AggregateExpr':
      throw cannot(`${textOf(childrenOf(tree)[0] ?? tree)}() over several things; a rule of the hub looks at each thing`);
    case 'SubqueryExpr':
      throw cannot('subqueries');
    default:
      throw cannot(`"${textOf(tree)}"`);
  }
}

const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=' };

function boundOf({ factor, offset }: Linear, { op, limit }: { op: string; limit: number }): Bound {
  if (factor === 0) throw cannot('a value multiplied by 0');
  const edge = Number(((limit - offset) / factor).toPrecision(12));
  const isAbove = op.startsWith('>') === factor > 0;
  return isAbove ? { above: edge } : { below: edge };
}

const withScope = (scope: AlertScope): Pick<AlertRule, 'scope'> => (Object.keys(scope).length === 0 ? {} : { scope });

function meaningOf(linear: Linear, bound: Bound): Meaning {
  const { metric, scope, aggregate, windowSeconds, isRate = false, of, past, agoSeconds } = linear.value;
  if (agoSeconds !== undefined) throw cannot('a value of the past that is not compared with that of now');
  const condition: AlertCondition = past
    ? { is: 'past', ...past, ...bound }
    : isRate
      ? { is: 'rate', ...bound }
      : { is: 'threshold', ...bound };
  return {
    metric,
    condition,
    ...withScope(scope),
    ...(aggregate && { aggregate }),
    ...(windowSeconds !== undefined && { windowSeconds }),
    ...(of !== undefined && { of }),
    // A counter's rate of the past is a rate like any other.
    ...(past && isRate && { aggregate: 'rate' as const }),
  };
}

/** Fires when nothing is sampled: `absent(vm_vcpus{vm="web-1"})`. */
function absenceOf(tree: Tree, { names, forSeconds }: { names: Names; forSeconds: number }): Meaning | undefined {
  if (tree.node.name !== 'FunctionCall') return undefined;
  const name = textOf(childrenOf(tree)[0] ?? tree);
  const body = childOf(tree, 'FunctionCallBody');
  const arg = body && childrenOf(body)[0];
  if (!['absent', 'absent_over_time'].includes(name) || arg === undefined) return undefined;
  const range = name === 'absent' ? { ...selectorOf(unwrap(arg), names), windowSeconds: 300 } : rangeOf(unwrap(arg), names);
  return { metric: range.metric, condition: { is: 'absence', seconds: range.windowSeconds + forSeconds }, ...withScope(range.scope) };
}

/** What an expression of an alerting rule means here. Throws Untranslatable with the reason. */
export function translate(expression: string, options: { readonly names: Names; readonly forSeconds: number }): Meaning {
  const tree = parseExpression(expression);
  const absence = absenceOf(tree, options);
  if (absence) return absence;
  const parts = childrenOf(tree);
  const [left, right] = [parts[0], parts.at(-1)];
  const op = tree.node.name === 'BinaryExpr' ? textOf(parts[1] ?? tree) : '';
  if (['and', 'or', 'unless'].includes(op)) throw cannot(`"${op}" of two conditions: make a rule of each`);
  if (op === '==' || op === '!=') throw cannot(`"${op}": a rule of the hub is above or below an edge`);
  if (!(op in FLIPPED) || left === undefined || right === undefined) throw cannot('it compares nothing with a number');
  if (parts.some(({ node }) => node.name === 'BoolModifier')) throw cannot('bool');
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (rightNumber !== undefined && leftNumber === undefined) {
    const linear = linearOf(left, options.names);
    return meaningOf(linear, boundOf(linear, { op, limit: rightNumber }));
  }
  if (leftNumber === undefined) throw cannot('it compares two metrics; divide one by the other and compare with 1');
  const linear = linearOf(right, options.names);
  return meaningOf(linear, boundOf(linear, { op: FLIPPED[op] ?? op, limit: leftNumber }));
}
