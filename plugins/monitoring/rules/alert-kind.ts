import type { Card, Resource, ResourceKind } from 'novacron/plugin';
import type { Config, MonitoringTools, Needs } from '../config.ts';
import type { ActiveAlert } from './engine.ts';
import type { KnownRule } from './book.ts';
import { conditionText, formatSeconds } from './signals.ts';
import { rulesOf, type RulesRuntime } from './start.ts';

const resourceOf = ({ id, tenant }: KnownRule): Resource => ({ kind: 'alert', id, name: id, tenant, tags: [], owner: null });

/** Rules of the hub are seen by all; those of a tenant by its people. */
export const sees = (tenant: string | null, owner: string | null): boolean => tenant === null || owner === null || owner === tenant;

/** What of a rule's alerts may be seen: the things of one's own tenant. */
export const activeFor = ({ engine }: RulesRuntime, id: string, tenant: string | null): readonly ActiveAlert[] =>
  engine.active(id).filter(({ subject }) => sees(tenant, subject.tenant));

export function stateText(
  { off, trouble }: KnownRule,
  active: readonly ActiveAlert[],
): { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' | 'idle' } {
  const firing = active.filter(({ state }) => state.is === 'firing').length;
  if (off !== null) return { text: 'off', tone: 'idle' };
  if (trouble !== null) return { text: 'cannot be judged', tone: 'warn' };
  if (firing > 0) return { text: `firing (${firing})`, tone: 'bad' };
  return active.length > 0 ? { text: `pending (${active.length})`, tone: 'warn' } : { text: 'well', tone: 'good' };
}

function cardOf(known: KnownRule, active: readonly ActiveAlert[] | null, kinds: RulesRuntime['kinds']): Card {
  const { id, rule, from, by, off, trouble, ready } = known;
  const scope = Object.entries(rule.scope ?? {}).map(([name, value]) => `${name}: ${[value].flat().join(', ')}`);
  const field = (label: string, value: string | undefined | null) => (value ? [{ label, value }] : []);
  return {
    title: rule.title,
    subtitle: id,
    ...((active !== null || known.off !== null || known.trouble !== null) && { state: stateText(known, active ?? []) }),
    fields: [
      ...field('Severity', rule.severity),
      ...field('Metric', rule.of === undefined ? rule.metric : `${rule.metric ?? ''} of ${rule.of}`),
      ...field('Fires', conditionText(rule, ready?.unit, kinds)),
      ...field('Window', rule.windowSeconds === undefined ? null : formatSeconds(rule.windowSeconds)),
      ...field('Looks at', scope.join('; ')),
      ...field('From', from === 'person' ? by : `${from} ${by}`),
      ...field('Off', off && `${off.reason} (${off.by})`),
      ...field('Trouble', trouble),
      ...field('Help', rule.help),
    ],
    actions: off === null ? ['alert.disable', 'alert.history'] : ['alert.enable', 'alert.history'],
  };
}

export const alertKind = ({ resource }: MonitoringTools): ResourceKind<Config, Needs> =>
  resource({
    title: 'Alert rule',
    async get(ctx, idOrName, { tenant }) {
      const { book } = rulesOf(ctx);
      const own = tenant === null ? undefined : book.get(`${tenant}:${idOrName}`);
      const known = own ?? book.get(idOrName);
      return known && sees(tenant, known.tenant) ? resourceOf(known) : undefined;
    },
    async search(ctx, { text, tenant, rowsMax }) {
      const wanted = text.toLowerCase();
      const visible = rulesOf(ctx)
        .book.all()
        .filter(({ id, rule, tenant: owner }) => sees(tenant, owner) && `${id} ${rule.title}`.toLowerCase().includes(wanted));
      return visible.slice(0, rowsMax).map(resourceOf);
    },
    async card(ctx, { id }) {
      const runtime = rulesOf(ctx);
      const known = runtime.book.get(id);
      if (known === undefined) return { title: id, fields: [], actions: [] };
      // Of a rule of the whole hub, how many fire is told by alert list, to each as far as they may see.
      const active = known.tenant === null ? null : activeFor(runtime, id, known.tenant);
      return cardOf(known, active, runtime.kinds);
    },
  });
