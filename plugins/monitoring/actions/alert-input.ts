import type { AlertCondition, AlertRule, Bound } from 'novacron/plugin';
import { z } from 'zod';
import { namePattern, ruleName, ruleSchema } from '../rules/rule-schema.ts';
import { invalid } from '../rules/source.ts';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DURATION = /^\s*(\d{1,9})\s*(?:(s)(?:ec(?:ond)?s?)?|(m)(?:in(?:ute)?s?)?|(h)(?:(?:ou)?rs?)?|(d)(?:ays?)?|(w)(?:eeks?)?)?\s*$/i;

/** `90`, `5m`, `12h`: seconds after parsing; what comes out may go in again. */
const duration = (title: string, description: string) =>
  z.coerce
    .string()
    .regex(DURATION, 'A time is a number with s, m, h, d or w: 5m.')
    .transform((text) => {
      const [, figure, ...units] = DURATION.exec(text) ?? [];
      return Number(figure) * (SECONDS[units.find((unit) => unit !== undefined)?.toLowerCase() ?? 's'] ?? 1);
    })
    .optional()
    .meta({ title, description });

const FACTORS: Readonly<Record<string, number>> = { '': 1, '%': 0.01, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const FIGURE = /^\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d{1,2})?)\s*(%|[kmgt](?=i?b?\s*$)|)(?:i?b)?\s*$/i;

/** `0.9`, `90%`, `4G`: the number after parsing; what comes out may go in again. */
const edge = (title: string, description: string) =>
  z.coerce
    .string()
    .regex(FIGURE, 'A value is a number, also as 90% or 4G.')
    .transform((text) => {
      const [, figure, unit = ''] = FIGURE.exec(text) ?? [];
      return Number((Number(figure) * (FACTORS[unit.toLowerCase()] ?? 1)).toPrecision(15));
    })
    .optional()
    .meta({ title, description });

/** A rule in a few words; what these cannot say is written as YAML in `rule`. */
export const ruleInput = z.strictObject({
  name: ruleName.meta({ title: 'Name', description: 'web-memory' }),
  metric: z
    .string()
    .max(120)
    .optional()
    .meta({ title: 'Metric', description: 'vm.cpuRatio, vm.disk.allocatedRatio, host.memoryUsedRatio …' }),
  is: z
    .enum(['threshold', 'rate', 'absence', 'past', 'forecast', 'anomaly', 'sql'])
    .default('threshold')
    .meta({ title: 'Condition', description: 'past: against the same time a week ago; forecast: it will be there soon' }),
  above: edge('Above', 'Bad above this value: 0.9, 90%, 4G'),
  below: edge('Below', 'Bad below this value'),
  resolveAt: edge('Resolves at', 'Once it fires, good again from here on; default: the edge'),
  aggregate: z
    .enum(['mean', 'min', 'max', 'last', 'sum', 'p50', 'p95', 'p99', 'rate'])
    .optional()
    .meta({ title: 'Aggregate', description: 'Over the window; default: mean of a gauge, rate of a counter' }),
  window: duration('Window', '5m; without one the newest value counts'),
  for: duration('For', 'How long it must be bad: 5m'),
  keepFiring: duration('Keep firing', 'How long it must be good again: 5m'),
  after: duration('After', 'absence: so long without a sample'),
  compare: z.enum(['ratio', 'difference']).default('ratio').meta({ title: 'Compare', description: 'past: divided by then, or less then' }),
  ago: duration('Ago', 'past: how long ago; default a week'),
  of: z.string().max(60).optional().meta({ title: 'Of', description: 'Another metric of the table to divide by: capacityBytes' }),
  within: duration('Within', 'forecast: it is reached within this time, default 12h; anomaly: found so lately, default 30m'),
  chance: edge('Chance', 'forecast: with this chance at least, default 50%'),
  scoreMin: z.coerce.number().min(0).max(20).optional().meta({ title: 'Rarity', description: 'anomaly: rarer by so many powers of ten' }),
  sql: z.string().max(20_000).optional().meta({ title: 'SQL', description: 'sql: a SELECT with the columns entity and value' }),
  kind: z.string().max(40).default('vm').meta({ title: 'Kind', description: 'sql: what entity is: vm, host' }),
  severity: z.enum(['info', 'warning', 'critical']).default('warning').meta({ title: 'Severity' }),
  title: z.string().max(120).optional().meta({ title: 'Title', description: 'What people read first' }),
  names: z.array(namePattern).max(100).default([]).meta({ title: 'Names', description: 'Only these, with * if you like: web-*' }),
  tags: z.array(z.string().min(1).max(100)).max(100).default([]).meta({ title: 'Tags', description: 'Only things with all of these' }),
  rule: z
    .string()
    .max(50_000)
    .optional()
    .meta({ title: 'Rule as YAML', description: 'All of the rule, as in a file, instead of the fields above' }),
});
export type RuleInput = z.output<typeof ruleInput>;

function boundOf({ above, below, resolveAt }: RuleInput): Bound {
  const back = resolveAt === undefined ? {} : { resolveAt };
  if (above !== undefined && below === undefined) return { above, ...back };
  if (below !== undefined && above === undefined) return { below, ...back };
  throw invalid('Say one of --above and --below: where does it become bad?');
}

const given = (settings: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

function forecastOf(input: RuleInput): Record<string, string | number> {
  if (input.metric === undefined) throw invalid('Say of which metric: vm.disk.allocationBytes.');
  if (input.resolveAt !== undefined) throw invalid('A forecast has no --resolveAt: it is well again when the chance is smaller.');
  return given({ ...boundOf(input), of: input.of, withinSeconds: input.within, chance: input.chance });
}

function conditionOf(input: RuleInput): AlertCondition {
  switch (input.is) {
    case 'threshold':
      return { is: 'threshold', ...boundOf(input) };
    case 'rate':
      return { is: 'rate', ...boundOf(input) };
    case 'absence':
      if (input.after === undefined) throw invalid('Say --after how long without a sample it fires: --after 5m.');
      return { is: 'absence', seconds: input.after };
    case 'past':
      return { is: 'past', compare: input.compare, ...(input.ago !== undefined && { agoSeconds: input.ago }), ...boundOf(input) };
    case 'forecast':
      return { is: 'offered', kind: 'forecast', settings: forecastOf(input) };
    case 'anomaly':
      if (input.metric === undefined) throw invalid('Say in which metric: vm.cpuRatio.');
      return { is: 'offered', kind: 'anomaly', settings: given({ withinSeconds: input.within, scoreMin: input.scoreMin }) };
    case 'sql':
      if (input.sql === undefined) throw invalid('Say the SELECT with --sql.');
      return { is: 'sql', sql: input.sql, kind: input.kind, ...boundOf(input) };
  }
}

/** The parser is loaded when somebody writes YAML: most hubs never need its memory. */
async function fromYaml(text: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error) throw invalid(`The rule is not YAML: ${error.message}`);
  return document.toJS({ maxAliasCount: 100 });
}

function fromWords(input: RuleInput): unknown {
  const { name, metric, of, aggregate, window, for: lasting, keepFiring, severity, title, names, tags } = input;
  const condition = conditionOf(input);
  return {
    title: title ?? name,
    severity,
    condition,
    ...(metric !== undefined && condition.is !== 'sql' && { metric }),
    ...(of !== undefined && { of }),
    ...(aggregate && { aggregate }),
    ...(window !== undefined && { windowSeconds: window }),
    ...(lasting !== undefined && { forSeconds: lasting }),
    ...(keepFiring !== undefined && { keepFiringSeconds: keepFiring }),
    ...((names.length > 0 || tags.length > 0) && { scope: { ...(names.length > 0 && { names }), ...(tags.length > 0 && { tags }) } }),
  };
}

/** The rule that was meant. HubError `alert_invalid`. */
export async function ruleOf(input: RuleInput): Promise<AlertRule> {
  const written = input.rule === undefined ? fromWords(input) : await fromYaml(input.rule);
  const parsed = ruleSchema.safeParse(written);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(
    `The rule is not right${issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : ''}: ${issue?.message ?? 'it does not fit'}`,
  );
}
