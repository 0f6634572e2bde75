import type { RuleFacts } from '../incidents/runtime.ts';
import type { KnownRule } from './book.ts';

/** What the routes are asked with for each rule that is on: does it reach somebody? Of things, only the kind and the tenant are known before it fires. */
export const ruleFacts = (rules: readonly KnownRule[]): RuleFacts[] =>
  rules
    .filter(({ off }) => off === null)
    .map(({ id, rule, tenant }) => ({
      rule: { id, title: rule.title },
      severity: rule.severity,
      subject: { kind: rule.metric?.split('.')[0] ?? 'hub', id: '', name: '', tenant: tenant ?? rule.scope?.tenant ?? null },
      ...(rule.labels && { labels: rule.labels }),
    }));
