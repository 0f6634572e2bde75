import { HubError } from 'novacron/plugin';
import type { Signal } from '../port.ts';

/** `severity=critical`, `name!=web-*`: a label, and a value in which `*` stands for anything. */
export interface Matcher {
  readonly label: string;
  readonly negated: boolean;
  readonly pattern: string;
}

export type Labels = Readonly<Record<string, string>>;

const FORM = /^\s*([a-zA-Z_][a-zA-Z0-9_]{0,63})\s*(!?=)\s*(.{0,200}?)\s*$/;

/** `undefined` for what is no matcher. */
export function readMatcher(text: string): Matcher | undefined {
  const [, label, sign, pattern] = FORM.exec(text) ?? [];
  // `=~` would be a regular expression elsewhere: refused, rather than taken for a value that begins with a tilde.
  if (label === undefined || pattern === undefined || pattern.startsWith('~')) return undefined;
  return { label, negated: sign === '!=', pattern };
}

export function parseMatcher(text: string): Matcher {
  const matcher = readMatcher(text);
  if (matcher) return matcher;
  throw new HubError('matcher_invalid', `"${text.slice(0, 80)}" is no matcher. Write severity=critical, name=web-* or kind!=host.`, {
    status: 400,
  });
}

/** In time proportional to the lengths, whatever the pattern: parts between stars are looked for from left to right. */
function fits(pattern: string, value: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === value;
  if (!value.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let from = first.length;
  for (const part of rest) {
    const at = value.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return value.length - last.length >= from && value.endsWith(last);
}

export const matches = ({ label, negated, pattern }: Matcher, labels: Labels): boolean => fits(pattern, labels[label] ?? '') !== negated;

export const matchesAll = (matchers: readonly Matcher[], labels: Labels): boolean => matchers.every((matcher) => matches(matcher, labels));

/** What routes and silences know of a signal. Its own labels cannot pass for the facts. */
export const labelsOf = ({ labels, rule, severity, subject }: Pick<Signal, 'labels' | 'rule' | 'severity' | 'subject'>): Labels => ({
  ...labels,
  rule: rule.id,
  severity,
  kind: subject.kind,
  name: subject.name,
  device: subject.device ?? '',
  tenant: subject.tenant ?? '',
});
