import { HubError, type AlertRule, type CallContext, type Metric } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { checkSettings } from './own-values.ts';
import { previewRule, type Preview } from './preview.ts';
import { readyRule, type ReadyRule } from './source.ts';
import { rulesOf } from './start.ts';

type Ctx = Pick<CallContext<Config, Needs>, 'services' | 'config' | 'clock' | 'signal' | 'actor' | 'via'>;

/** Admins make rules for the whole hub, all others for the things of their tenant: `web-memory` of the hub, `lab:web-memory` of a tenant. */
export const idOf = (tenant: string | null, name: string): string => (tenant === null ? name : `${tenant}:${name}`);

/** SQL reads samples of all tenants: only who may run it may make a rule of it. The door says, and tries it. */
async function checkSql({ services, actor, via, signal }: Ctx, { condition }: AlertRule): Promise<void> {
  if (condition.is !== 'sql') return;
  const outcome = await services.actions.execute('metrics.sql', { sql: condition.sql }, { actor, via, signal });
  const columns = outcome.is === 'done' ? (outcome.output as { fields: readonly { name: string }[] }).fields.map(({ name }) => name) : [];
  if (!columns.includes('entity') || !columns.includes('value'))
    throw new HubError('alert_sql_columns', 'The SELECT of an alert rule must answer with the columns "entity" and "value".', {
      status: 400,
    });
}

/** The slip that is made most: 90 for 90 %. Such a rule is silent for ever. */
function checkEdge({ rule }: ReadyRule, declared: ReadonlyMap<string, Metric>): void {
  const { condition, metric, of, aggregate } = rule;
  const isShare = metric !== undefined && of === undefined && aggregate !== 'sum' && declared.get(metric)?.unit === 'ratio';
  if (!isShare || condition.is !== 'threshold') return;
  const edge = condition.above ?? condition.below ?? 0;
  const isNever = condition.above === undefined ? edge <= 0 : edge >= 1;
  if (!isNever) return;
  const hint = edge > 1 && edge <= 100 ? ` For ${edge} % say ${edge / 100} or ${edge}%.` : '';
  throw new HubError(
    'alert_invalid',
    `${metric} is a share between 0 and 1: it is never ${condition.above === undefined ? 'below' : 'above'} ${edge}, so this would never fire.${hint}`,
    { status: 400 },
  );
}

/** A rule that this actor may make, ready to be judged. HubErrors `alert_invalid`, `alert_kind_missing`, `alert_sql_columns`, and those of `metrics.sql`. */
export async function propose(ctx: Ctx, { name, rule }: { readonly name: string; readonly rule: AlertRule }): Promise<ReadyRule> {
  const tenant = tenantOf(ctx.actor);
  await checkSql(ctx, rule);
  if (rule.condition.is === 'offered')
    checkSettings(rulesOf(ctx).kinds.get(rule.condition.kind), rule.condition.kind, rule.condition.settings);
  const declared = ctx.services.metrics.declared();
  const ready = readyRule({ id: idOf(tenant, name), rule, tenant }, declared);
  checkEdge(ready, declared);
  return ready;
}

/** What it would have done, as far as this actor may see. `null`: a rule in SQL, which has no past. */
export async function previewFor(ctx: Ctx, ready: ReadyRule, days?: number): Promise<Preview | null> {
  if (ready.rule.condition.is === 'sql') return null;
  const { things, kinds } = rulesOf(ctx);
  const { metrics } = ctx.services;
  const { previewDays, everySeconds } = ctx.config.rules;
  return previewRule(ready, {
    metrics,
    things,
    kinds,
    now: ctx.clock.now(),
    days: days ?? previewDays,
    everyMs: everySeconds * 1000,
    signal: ctx.signal,
    tenant: tenantOf(ctx.actor),
  });
}
