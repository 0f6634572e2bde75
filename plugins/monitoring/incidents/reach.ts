import { checkReach, type Reach } from './explain.ts';
import type { IncidentsRuntime, RuleFacts } from './runtime.ts';

const RULES_MAX = 500;

/** What no rule says: a failed report, a hub in trouble. It falls to the root of the routes. */
const ANYTHING: RuleFacts = {
  rule: { id: '(anything else)', title: '' },
  severity: 'critical',
  subject: { kind: '', id: '', name: '', tenant: null },
};

/** Whom each rule reaches: those that there are, those that have spoken, and whatever else may come. */
export async function reachesOf({ store, policy, channels, ruleSources }: IncidentsRuntime): Promise<readonly Reach[]> {
  const declared = await Promise.all([...ruleSources].map((source) => source()));
  const facts = [...declared.flat(), ...(await store.rulesSeen(RULES_MAX)), ANYTHING];
  const once = new Map(facts.map((fact) => [`${fact.rule.id} ${fact.severity} ${fact.subject.kind}`, fact]));
  return [...once.values()].slice(0, RULES_MAX).map((fact) => checkReach(policy, fact, channels));
}
