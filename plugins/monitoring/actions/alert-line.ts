import { HubError } from 'novacron/plugin';
import { z } from 'zod';
import { activeFor, stateText } from '../rules/alert-kind.ts';
import type { KnownRule } from '../rules/book.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { conditionText } from '../rules/signals.ts';
import { rulesOf } from '../rules/start.ts';

export const alertRef = z.strictObject({ rule: z.string().min(1).max(200).meta({ title: 'Rule', picker: 'alert' }) });

/** A rule and how it stands. */
export const line = z.strictObject({
  id: z.string(),
  title: z.string(),
  severity: z.string(),
  from: z.string(),
  state: z.string(),
  condition: z.string(),
  trouble: z.string().nullable(),
});

type Ctx = Parameters<typeof rulesOf>[0] & {
  readonly actor: Parameters<typeof tenantOf>[0];
  readonly target: { readonly id: string } | null;
};

/** As far as who asks may see. */
export function lineOf(ctx: Ctx, known: KnownRule): z.output<typeof line> {
  const runtime = rulesOf(ctx);
  const { id, rule, from, ready } = known;
  const trouble = known.trouble ?? runtime.engine.trouble(id) ?? null;
  const state = stateText({ ...known, trouble }, activeFor(runtime, id, tenantOf(ctx.actor))).text;
  return {
    id,
    title: rule.title,
    severity: rule.severity,
    from,
    state,
    condition: conditionText(rule, ready?.unit, runtime.kinds),
    trouble,
  };
}

/** The rule that a call is about. HubError `alert_gone`. */
export function knownOf(ctx: Ctx): KnownRule {
  const known = rulesOf(ctx).book.get(ctx.target?.id ?? '');
  if (known) return known;
  throw new HubError('alert_gone', 'The rule was removed meanwhile.', { status: 409 });
}
