import { checkReach, type Reach } from './explain.ts';
import type { IncidentsRuntime, RuleFacts } from './runtime.ts';

const RULES_MAX = 500;

/** What no rule says: a failed report, a hub in trouble. It falls to the root of the routes. */
const ANYTHING: RuleFacts = {
  rule: { id: '(anything else)', title: '' },
  severity: 'critical',
  subject: { kind: '', id: '', name: '', tenant: null },
};

/** The rules that there are, and those that have spoken. */
export async function factsOf({ store, ruleSources }: Pick<IncidentsRuntime, 'store' | 'ruleSources'>): Promise<readonly RuleFacts[]> {
  const declared = await Promise.all([...ruleSources].map((source) => source()));
  return [...declared.flat(), ...(await store.rulesSeen(RULES_MAX))];
}

/** Whom each of them reaches, and whatever else may come. */
export async function reachesOf(runtime: IncidentsRuntime): Promise<readonly Reach[]> {
  const facts = [...(await factsOf(runtime)), ANYTHING];
  const once = new Map(facts.map((fact) => [`${fact.rule.id} ${fact.severity} ${fact.subject.kind}`, fact]));
  return [...once.values()].slice(0, RULES_MAX).map((fact) => checkReach(runtime.policy, fact, runtime.channels));
}
