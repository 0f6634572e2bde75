import type { AlertAction, AlertRule, Bound, Json, Unit } from 'novacron/plugin';
import { formatValue } from '../format.ts';
import type { RuleKind, Signal, Subject, SuggestedAction } from '../port.ts';
import type { AlertState } from './alert-state.ts';
import type { ReadyRule } from './source.ts';

/** What happened between a rule and a thing, with all that people are told about it. */
export interface Told {
  readonly ready: ReadyRule;
  readonly subject: Subject;
  readonly was: AlertState | null;
  readonly state: AlertState | null;
  readonly at: number;
  /** What was judged; `null`: there was nothing. */
  readonly value: number | null;
  /** What it was divided by, for the texts of actions. */
  readonly of: number | null;
  /** What the plugin of an offered kind says itself. */
  readonly finding?: {
    readonly summary: string;
    readonly values: Readonly<Record<string, number>>;
    readonly actions?: readonly SuggestedAction[] | undefined;
  };
}

const KEY_LENGTH_MAX = 300;
const CHART_SECONDS_MIN = 3600;
const CHART_SECONDS_MAX = 14 * 86_400;

export const subjectKey = ({ kind, id, device }: Pick<Subject, 'kind' | 'id' | 'device'>): string =>
  device === undefined ? `${kind}/${id}` : `${kind}/${id}/${device}`;

/** `5 min`, `2 h`, `3 days`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

const nameOf = ({ name, device }: Subject): string => (device === undefined ? name : `${name} ${device}`);

export function boundText({ above, below }: Bound, unit: Unit | undefined): string {
  return above === undefined ? `below ${formatValue(below ?? null, unit)}` : `above ${formatValue(above, unit)}`;
}

/** The condition in words: `above 90 % for 5 min`. */
export function conditionText(rule: AlertRule, unit: Unit | undefined, kinds?: ReadonlyMap<string, RuleKind>): string {
  const { condition, forSeconds = 0 } = rule;
  const lasting = forSeconds > 0 ? ` for ${formatSeconds(forSeconds)}` : '';
  switch (condition.is) {
    case 'threshold':
    case 'rate':
    case 'sql':
      return `${boundText(condition, unit)}${lasting}`;
    case 'past': {
      const times = condition.compare === 'ratio' ? ' times' : '';
      return `${boundText(condition, unit)}${times} what it was ${formatSeconds(condition.agoSeconds ?? 604_800)} before${lasting}`;
    }
    case 'absence':
      return `no sample for ${formatSeconds(condition.seconds)}${lasting}`;
    case 'offered':
      return `${kinds?.get(condition.kind)?.describe?.({ metric: rule.metric ?? null, settings: condition.settings }) ?? condition.kind}${lasting}`;
  }
}

function firingText({ ready, subject, value }: Told): string {
  const { rule, unit } = ready;
  if (rule.condition.is === 'absence') return `${rule.title}: no sample of ${nameOf(subject)} for ${formatSeconds(Math.abs(value ?? 0))}.`;
  const times = rule.condition.is === 'past' && rule.condition.compare === 'ratio' ? ' times what it was' : '';
  return `${rule.title}: ${nameOf(subject)} is at ${formatValue(value, unit)}${times} (fires ${conditionText(rule, unit)}).`;
}

function resolvedText({ ready, subject, value }: Told): string {
  const { rule, unit } = ready;
  if (value === null) return `${rule.title}: ${nameOf(subject)} is not looked at any more; it is off or gone, or the rule was changed.`;
  if (rule.condition.is === 'absence') return `${rule.title}: ${nameOf(subject)} is sampled again.`;
  return `${rule.title}: ${nameOf(subject)} is well again, at ${formatValue(value, unit)}.`;
}

function summaryOf(told: Told): string {
  if (told.finding && told.value !== null) return told.finding.summary;
  return told.state === null ? resolvedText(told) : firingText(told);
}

const PLACE = /\{(id|name|device|tenant|value|of)(?:\*([0-9.]+))?\}/g;

/** A text with its places filled; `undefined` when something is not known: a button without its figures would do something else. */
function fill(text: string, told: Told): string | undefined {
  const { subject, value, of, finding } = told;
  const texts: Record<string, string | number | null | undefined> = { ...subject, value, of, ...finding?.values };
  let isWhole = true;
  const filled = text.replaceAll(PLACE, (_, name: string, factor: string | undefined) => {
    const known = texts[name];
    if (known === null || known === undefined) isWhole = false;
    return typeof known === 'number' ? String(factor === undefined ? known : Math.round(known * Number(factor))) : String(known);
  });
  return isWhole ? filled : undefined;
}

function suggested({ action, label, input }: AlertAction, told: Told): SuggestedAction | undefined {
  const filled: Record<string, Json> = {};
  for (const [field, value] of Object.entries(input)) {
    const text = typeof value === 'string' ? fill(value, told) : value;
    if (text === undefined) return undefined;
    filled[field] = text;
  }
  return { action, label, input: filled };
}

function chartOf({ rule }: ReadyRule, { id, device }: Subject): Signal['chart'] {
  const { metric, condition, windowSeconds = 0, forSeconds = 0 } = rule;
  if (metric === undefined) return undefined;
  const ago = condition.is === 'past' ? (condition.agoSeconds ?? 604_800) : 0;
  const seconds = Math.min(CHART_SECONDS_MAX, Math.max(CHART_SECONDS_MIN, 4 * (windowSeconds + forSeconds), ago));
  return { metric, targets: [id], ...(device !== undefined && { device }), seconds };
}

/** What the incidents are told: only of what fires, or does not fire any more. */
export function signalOf(told: Told): Signal | null {
  const { ready, subject, was, state, at, value, finding } = told;
  const { id, rule, unit, flat } = ready;
  if (state === null ? was?.is !== 'firing' : state.is !== 'firing') return null;
  const actions = [...(finding?.actions ?? []), ...(rule.actions ?? []).flatMap((one) => suggested(one, told) ?? [])];
  const chart = chartOf(ready, subject);
  return {
    key: `${id}/${subjectKey(subject)}`.slice(0, KEY_LENGTH_MAX),
    state: state === null ? 'resolved' : 'firing',
    rule: { id, title: rule.title },
    severity: rule.severity,
    subject,
    at,
    since: (state ?? was)?.since ?? at,
    summary: summaryOf(told),
    values: { ...(value !== null && { value: flat.isAge ? Math.abs(value) : value }), ...finding?.values },
    ...(unit !== undefined && { unit }),
    ...(rule.labels && { labels: rule.labels }),
    ...(rule.takesDown && { takesDown: true }),
    ...(actions.length > 0 && { actions }),
    ...(chart && { chart }),
  };
}
