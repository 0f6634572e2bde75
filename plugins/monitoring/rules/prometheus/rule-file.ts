import type { AlertRule, Severity } from 'novacron/plugin';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { ruleSchema } from '../rule-schema.ts';
import { invalid } from '../source.ts';
import type { Names } from './selector.ts';
import { translate } from './translate.ts';
import { parseSeconds, Untranslatable } from './tree.ts';

/** What became of a rule file of Prometheus. */
export interface Translated {
  readonly rules: readonly { readonly name: string; readonly expression: string; readonly rule: AlertRule }[];
  /** Those that could not be taken over, with the reason; recording rules as well. */
  readonly left: readonly { readonly name: string; readonly expression: string; readonly reason: string }[];
}

const RULES_MAX = 2000;

const seconds = z.union([z.string(), z.number()]).transform(String);
const texts = z.record(z.string(), z.coerce.string()).default({});
const promRule = z.looseObject({
  alert: z.string().min(1).optional(),
  record: z.string().min(1).optional(),
  expr: z.coerce.string().min(1),
  for: seconds.optional(),
  keep_firing_for: seconds.optional(),
  labels: texts,
  annotations: texts,
});
const promFile = z.looseObject({ groups: z.array(z.looseObject({ name: z.string().default(''), rules: z.array(promRule).default([]) })) });
type PromRule = z.output<typeof promRule>;

/** `HostCPUHigh` is `host-cpu-high`. */
const nameOf = (alert: string): string => {
  const dashed = alert
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
  return dashed.replaceAll(/^[^a-z]+|-+$/g, '').slice(0, 55) || 'rule';
};

const SEVERITIES: Readonly<Record<string, Severity>> = {
  info: 'info',
  none: 'info',
  notice: 'info',
  warning: 'warning',
  warn: 'warning',
  minor: 'warning',
  critical: 'critical',
  error: 'critical',
  major: 'critical',
  page: 'critical',
  emergency: 'critical',
};

const durationOf = (text: string | undefined): number => (text === undefined ? 0 : parseSeconds(text.trim()));

function ruleOf(one: PromRule, names: Names): AlertRule {
  const forSeconds = durationOf(one.for);
  const keepFiringSeconds = durationOf(one.keep_firing_for);
  const meaning = translate(one.expr, { names, forSeconds });
  const { severity = 'warning', ...labels } = one.labels;
  const { summary, description } = one.annotations;
  const help = [summary, description].filter((text) => text !== undefined).join('\n');
  const parsed = ruleSchema.safeParse({
    title: (one.alert ?? '').slice(0, 120),
    severity: SEVERITIES[severity.toLowerCase()] ?? 'warning',
    ...meaning,
    ...(forSeconds > 0 && meaning.condition.is !== 'absence' && { forSeconds }),
    ...(keepFiringSeconds > 0 && { keepFiringSeconds }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(help !== '' && { help: help.slice(0, 2000) }),
  });
  if (parsed.success) return parsed.data;
  throw new Untranslatable(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

/** Alerting rules of a Prometheus rule file as rules of the hub. HubError `alert_invalid` when the text is no such file. */
export function translateFile(text: string, names: Names): Translated {
  const document = parseDocument(text, { prettyErrors: false });
  const [broken] = document.errors;
  if (broken) throw invalid(`The file is not YAML: ${broken.message}`);
  const parsed = promFile.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) {
    if (/^\S+\.ya?ml$/.test(text.trim()))
      throw invalid(`That is the name of a file, not what stands in it. In a shell: alert import "$(cat ${text.trim()})"`);
    const [issue] = parsed.error.issues;
    throw invalid(`This is no rule file of Prometheus: ${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'it does not fit'}`);
  }
  const all = parsed.data.groups.flatMap(({ rules }) => rules);
  if (all.length > RULES_MAX) throw invalid(`The file has ${all.length} rules; at most ${RULES_MAX} are taken. Split it.`);
  const rules: { name: string; expression: string; rule: AlertRule }[] = [];
  const left: { name: string; expression: string; reason: string }[] = [];
  const taken = new Map<string, number>();
  for (const one of all) {
    const expression = one.expr;
    if (one.alert === undefined) {
      left.push({ name: one.record ?? '', expression, reason: 'a recording rule; the hub keeps all samples and needs none' });
      continue;
    }
    try {
      const rule = ruleOf(one, names);
      const base = nameOf(one.alert);
      const count = (taken.get(base) ?? 0) + 1;
      taken.set(base, count);
      rules.push({ name: count === 1 ? base : `${base}-${count}`, expression, rule });
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error;
      left.push({ name: one.alert, expression, reason: error.message });
    }
  }
  return { rules, left };
}
