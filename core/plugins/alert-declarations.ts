import type { AlertCondition, AlertRule, Bound } from '../contract.ts';

type Wrong = (what: string) => never;

const KEY = /^[a-z][a-z0-9-]{0,60}$/;
const METRIC = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?\.[a-z][A-Za-z0-9]*$/;
const SEVERITIES = new Set(['info', 'warning', 'critical']);

/** What types cannot say of a rule, or JavaScript plugins get wrong. Whether the metric exists is known only when all plugins are there. */
export function checkAlert(key: string, rule: AlertRule, wrong: Wrong): void {
  const of = `the alert '${key}'`;
  if (!KEY.test(key)) wrong(`${of} must be named in kebab-case, with at most 61 characters`);
  if (typeof rule.title !== 'string' || rule.title.length === 0 || rule.title.length > 120)
    wrong(`${of} needs a title of at most 120 characters`);
  if (!SEVERITIES.has(rule.severity)) wrong(`${of} has the unknown severity '${rule.severity}'`);
  if (rule.metric !== undefined && !METRIC.test(rule.metric)) wrong(`${of} must name its metric as '<table>.<metric>'`);
  if (rule.metric === undefined && !['sql', 'offered'].includes(rule.condition.is)) wrong(`${of} names no metric`);
  if (rule.condition.is === 'rate' && rule.windowSeconds === undefined) wrong(`${of} needs windowSeconds: a rate is over a window`);
  for (const seconds of ['windowSeconds', 'forSeconds', 'keepFiringSeconds'] as const)
    if (!isSeconds(rule[seconds] ?? 0)) wrong(`${seconds} of ${of} must be between 0 and 31 days`);
  checkCondition(rule.condition, (what) => wrong(`${of} ${what}`));
}

const isSeconds = (value: number): boolean => Number.isFinite(value) && value >= 0 && value <= 31 * 86_400;

function checkCondition(condition: AlertCondition, wrong: Wrong): void {
  switch (condition.is) {
    case 'threshold':
    case 'rate':
    case 'past':
    case 'sql':
      return checkBound(condition, wrong);
    case 'absence':
      if (!(condition.seconds > 0)) wrong('must say after how many seconds without a sample it fires');
      return;
    case 'offered':
      return;
    default:
      wrong(`has an unknown condition: ${JSON.stringify(condition satisfies never)}`);
  }
}

function checkBound({ above, below, resolveAt }: Bound, wrong: Wrong): void {
  const edge = above ?? below;
  if (edge === undefined || (above !== undefined && below !== undefined) || !Number.isFinite(edge))
    return wrong("needs one of 'above' and 'below'");
  if (resolveAt === undefined) return;
  const comesBack = above === undefined ? resolveAt >= edge : resolveAt <= edge;
  if (!comesBack) wrong('would resolve while it is bad: resolveAt must be on the good side of the edge');
}
