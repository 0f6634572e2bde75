import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';
import { PromError, unsupported } from './errors.ts';
import type { Aggregation, Binary, Expression, Matcher, Matching, Selector } from './promql.ts';
import { patternOf } from './regex.ts';

/** PromQL's text as an expression. Errors: `bad_data` where it does not parse, `unsupported` by name. */

const LENGTH_MAX = 50_000;
const DEPTH_MAX = 100;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const bad = (message: string): PromError => new PromError('bad_data', `invalid parameter "query": ${message}`);

interface Source {
  readonly text: string;
  depth: number;
}

const textOf = (source: Source, node: SyntaxNode): string => source.text.slice(node.from, node.to);

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) if (child.name !== 'LineComment') found.push(child);
  return found;
}

const childOf = (node: SyntaxNode, name: string): SyntaxNode | undefined => children(node).find((child) => child.name === name);

/** `1h30m`, or a number of seconds; milliseconds. Null for anything else. */
export function parseDuration(text: string): number | null {
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text) * 1000;
  const parts = /^([-+]?)((?:\d+(?:ms|[smhdwy]))+)$/.exec(text);
  if (!parts) return null;
  let ms = 0;
  for (const [, count, unit] of parts[2]!.matchAll(/(\d+)(ms|[smhdwy])/g)) ms += Number(count) * UNIT_MS[unit!]!;
  return parts[1] === '-' ? -ms : ms;
}

function durationOf(source: Source, node: SyntaxNode): number {
  const ms = parseDuration(textOf(source, node).replaceAll(/\s/g, ''));
  if (ms === null) throw unsupported('arithmetic of durations');
  return ms;
}

function parseNumber(text: string): number {
  const plain = text.toLowerCase().replaceAll('_', '');
  const sign = plain.startsWith('-') ? -1 : 1;
  const rest = plain.replace(/^[-+]/, '');
  // A zero in front makes it octal, as in Go.
  if (/^0[0-7]+$/.test(rest)) return sign * Number.parseInt(rest, 8);
  if (rest === 'inf') return sign * Infinity;
  if (rest === 'nan') return Number.NaN;
  const value = /^(0x[0-9a-f]+|\d+\.?\d*(e[-+]?\d+)?|\.\d+(e[-+]?\d+)?)$/.test(rest)
    ? Number(rest)
    : (parseDuration(rest) ?? Number.NaN) / 1000;
  if (Number.isNaN(value)) throw bad(`"${text}" is no number`);
  return sign * value;
}

function parseString(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  const inner = text.slice(1, -1);
  const escaped = text.startsWith("'") ? inner.replaceAll("\\'", "'").replaceAll(/(?<!\\)"/g, '\\"') : inner;
  try {
    return JSON.parse(`"${escaped.replaceAll(/\\x([0-9a-fA-F]{2})/g, '\\u00$1')}"`) as string;
  } catch {
    throw bad(`${text} is no string: an escape in it is not known`);
  }
}

function labelName(source: Source, node: SyntaxNode): string {
  const text = textOf(source, node);
  return /^["'`]/.test(text) ? parseString(text) : text;
}

function matcherOf(source: Source, node: SyntaxNode): Matcher {
  const [label, op, value] = children(node);
  // `{"name"}` is a metric's name.
  if (op === undefined || value === undefined) return { label: '__name__', op: '=', value: labelName(source, node) };
  const matcher = { label: labelName(source, label!), op: textOf(source, op) as Matcher['op'], value: parseString(textOf(source, value)) };
  if (matcher.op === '=~' || matcher.op === '!~') patternOf(matcher.value);
  return matcher;
}

function selectorOf(source: Source, node: SyntaxNode): Selector {
  const name = childOf(node, 'Identifier');
  const list = childOf(node, 'LabelMatchers');
  const named: Matcher[] = name ? [{ label: '__name__', op: '=', value: textOf(source, name) }] : [];
  const kinds = new Set(['UnquotedLabelMatcher', 'QuotedLabelMatcher', 'QuotedLabelName']);
  const matchers = [
    ...named,
    ...(list ? children(list) : []).filter((child) => kinds.has(child.name)).map((child) => matcherOf(source, child)),
  ];
  if (!matchers.some(({ op, value }) => (op === '=' && value !== '') || (op === '=~' && !patternOf(value).test(''))))
    throw bad('a selector must have at least one matcher that does not match the empty string');
  return { is: 'selector', matchers, offsetMs: 0, at: null };
}

/** Applies `offset` or `@` to a selector, also within a range; each but once. */
function shifted(of: Expression, change: { readonly offsetMs: number } | { readonly at: Selector['at'] }): Expression {
  const what = 'at' in change ? '@' : 'offset';
  const selector = of.is === 'range' ? of.selector : of;
  if (selector.is !== 'selector') throw bad(`${what} must be after a selector`);
  if ('at' in change ? selector.at !== null : selector.offsetMs !== 0) throw bad(`${what} may not be set multiple times`);
  const changed = { ...selector, ...change };
  return of.is === 'range' ? { ...of, selector: changed } : changed;
}

function atOf(source: Source, node: SyntaxNode): Selector['at'] {
  const preprocessor = childOf(node, 'AtModifierPreprocessors');
  if (preprocessor) return textOf(source, preprocessor).startsWith('start') ? 'start' : 'end';
  return Math.round(parseNumber(textOf(source, children(node).at(-1)!)) * 1000);
}

const groupingLabels = (source: Source, node: SyntaxNode | undefined): string[] =>
  node ? children(node).map((child) => labelName(source, child)) : [];

function argsOf(source: Source, node: SyntaxNode): Expression[] {
  const body = childOf(node, 'FunctionCallBody');
  return body ? children(body).map((child) => convert(source, child)) : [];
}

const WITH_PARAMETER = new Set(['topk', 'bottomk', 'quantile', 'count_values', 'limitk', 'limit_ratio']);

function aggregationOf(source: Source, node: SyntaxNode): Aggregation {
  const op = textOf(source, childOf(node, 'AggregateOp')!).toLowerCase();
  const modifier = childOf(node, 'AggregateModifier');
  const args = argsOf(source, node);
  const wanted = WITH_PARAMETER.has(op) ? 2 : 1;
  if (args.length !== wanted) throw bad(`${op} takes ${wanted} argument(s), not ${args.length}`);
  return {
    is: 'aggregate',
    op,
    grouping: modifier && childOf(modifier, 'Without') ? 'without' : 'by',
    labels: groupingLabels(source, modifier && childOf(modifier, 'GroupingLabels')),
    parameter: wanted === 2 ? args[0]! : null,
    of: args.at(-1)!,
  };
}

function matchingOf(source: Source, node: SyntaxNode | undefined): Matching | null {
  if (node === undefined) return null;
  const [labels, include] = children(node).filter((child) => child.name === 'GroupingLabels');
  const many = childOf(node, 'GroupLeft') ? 'left' : childOf(node, 'GroupRight') ? 'right' : null;
  const is = childOf(node, 'On') ? 'on' : 'ignoring';
  const matching: Matching = { is, labels: groupingLabels(source, labels), many, include: groupingLabels(source, include) };
  const twice = is === 'on' ? matching.include.find((name) => matching.labels.includes(name)) : undefined;
  if (twice !== undefined) throw bad(`label "${twice}" must not occur in ON and GROUP clause at once`);
  return matching;
}

function binaryOf(source: Source, node: SyntaxNode): Expression {
  const parts = children(node);
  if (parts.some((part) => part.name === 'FillModifier')) throw unsupported('fill');
  const [first] = parts;
  const op = textOf(source, parts[1]!).toLowerCase();
  const binary: Binary = {
    is: 'binary',
    op,
    left: convert(source, first!),
    right: convert(source, parts.at(-1)!),
    isBool: parts.some((part) => part.name === 'BoolModifier'),
    matching: matchingOf(
      source,
      parts.find((part) => part.name === 'MatchingModifierClause'),
    ),
  };
  // `-2 ^ 2` is -(2 ^ 2), though the sign is read as a part of the number.
  if (op !== '^' || binary.left.is !== 'number' || !textOf(source, first!).startsWith('-')) return binary;
  return { is: 'negate', of: { ...binary, left: { is: 'number', value: -binary.left.value } } };
}

function rangeOf(source: Source, node: SyntaxNode): Expression {
  const [of, duration] = children(node);
  const selector = convert(source, of!);
  if (selector.is !== 'selector') throw bad('a range must be of a selector');
  const windowMs = durationOf(source, duration!);
  if (windowMs <= 0) throw bad('the duration of a range must be greater than 0');
  return { is: 'range', selector, windowMs };
}

function unaryOf(source: Source, node: SyntaxNode): Expression {
  const [op, of] = children(node);
  const inner = convert(source, of!);
  return textOf(source, op!) === '-' ? { is: 'negate', of: inner } : inner;
}

type Converter = (source: Source, node: SyntaxNode) => Expression;

const CONVERTERS: Readonly<Record<string, Converter>> = {
  NumberDurationLiteral: (source, node) => ({ is: 'number', value: parseNumber(textOf(source, node)) }),
  StringLiteral: (source, node) => ({ is: 'string', value: parseString(textOf(source, node)) }),
  ParenExpr: (source, node) => convert(source, children(node)[0]!),
  VectorSelector: selectorOf,
  MatrixSelector: rangeOf,
  OffsetExpr(source, node) {
    const parts = children(node);
    const offsetMs = durationOf(source, parts.at(-1)!);
    return shifted(convert(source, parts[0]!), { offsetMs });
  },
  StepInvariantExpr: (source, node) => shifted(convert(source, children(node)[0]!), { at: atOf(source, node) }),
  FunctionCall: (source, node) => ({
    is: 'call',
    name: textOf(source, childOf(node, 'FunctionIdentifier')!),
    args: argsOf(source, node),
  }),
  AggregateExpr: aggregationOf,
  BinaryExpr: binaryOf,
  UnaryExpr: unaryOf,
};

function convert(source: Source, node: SyntaxNode): Expression {
  if (++source.depth > DEPTH_MAX) throw bad(`it is nested deeper than ${DEPTH_MAX}`);
  const converter = CONVERTERS[node.name];
  if (converter === undefined) {
    if (node.name === 'SubqueryExpr') throw unsupported('a subquery ([1h:5m])');
    throw unsupported(node.name);
  }
  const found = converter(source, node);
  source.depth--;
  return found;
}

function explain(text: string, at: number): PromError {
  const called = /([a-zA-Z_]\w*)\s*\($/.exec(text.slice(0, at + 1))?.[1];
  if (called) return bad(`1:${at + 1}: parse error: unknown function with name "${called}"`);
  const rest = text.slice(at, at + 20);
  return bad(`1:${at + 1}: parse error: unexpected ${rest === '' ? 'end of input' : JSON.stringify(rest)}`);
}

export function parsePromql(text: string): Expression {
  if (text.length > LENGTH_MAX) throw bad(`it is longer than ${LENGTH_MAX} characters`);
  const tree = parser.parse(text);
  const cursor = tree.cursor();
  do if (cursor.type.isError) throw explain(text, cursor.from);
  while (cursor.next());
  const top = children(tree.topNode)[0];
  if (top === undefined) throw bad('it is empty');
  return convert({ text, depth: 0 }, top);
}
