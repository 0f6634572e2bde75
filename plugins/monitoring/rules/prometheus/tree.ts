import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** Why a rule of Prometheus could not be taken over; its message is what people read in the list. */
export class Untranslatable extends Error {}

export const cannot = (why: string): Untranslatable => new Untranslatable(why);

/** An expression with the text that it came from. */
export interface Tree {
  readonly node: SyntaxNode;
  readonly text: string;
}

const LENGTH_MAX = 20_000;
const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };

export const textOf = ({ node, text }: Tree): string => text.slice(node.from, node.to);

export function childrenOf({ node, text }: Tree): Tree[] {
  const found: Tree[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') found.push({ node: child, text });
  return found;
}

export const childOf = (tree: Tree, name: string): Tree | undefined => childrenOf(tree).find(({ node }) => node.name === name);

/** `1h30m`, or a number: seconds. */
export function parseSeconds(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) throw cannot(`"${text}" is no duration`);
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_SECONDS[unit ?? ''] ?? 0),
    0,
  );
}

export function parseNumber(text: string): number {
  const value = /^-?\d+(ms|[smhdwy])/.test(text) ? parseSeconds(text) : Number(text.replaceAll('_', ''));
  if (!Number.isFinite(value)) throw cannot(`"${text}" is no number to compare with`);
  return value;
}

function findError(node: SyntaxNode): boolean {
  if (node.type.isError) return true;
  for (let child = node.firstChild; child !== null; child = child.nextSibling) if (findError(child)) return true;
  return false;
}

/** Without the parentheses around it. */
export function unwrap(tree: Tree): Tree {
  const { name } = tree.node;
  const [inner] = childrenOf(tree);
  return (name === 'ParenExpr' || name === 'PromQL' || name === 'StepInvariantExpr') && inner ? unwrap(inner) : tree;
}

export function parseExpression(text: string): Tree {
  if (text.length > LENGTH_MAX) throw cannot(`the expression is longer than ${LENGTH_MAX} characters`);
  const node = parser.parse(text).topNode;
  if (findError(node)) throw cannot('the expression does not parse');
  return unwrap({ node, text });
}
