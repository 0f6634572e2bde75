import { setImmediate as breathe } from 'node:timers/promises';
import { newestOf } from './columns.ts';
import { tableOf, type ReadyRule, type Source } from './source.ts';

/** What a look has to read for a set of rules; made once for as long as the rules stay the same. */
export interface LookPlan {
  readonly rules: readonly ReadyRule[];
  readonly byId: ReadonlyMap<string, ReadyRule>;
  /** Metrics whose newest value is wanted, by table. */
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
  readonly sources: ReadonlyMap<string, Source>;
  /** Rules with values of their own. */
  readonly own: readonly ReadyRule[];
}

const SLICE = 500;

const lastPart = (metric: string): string => metric.slice(metric.lastIndexOf('.') + 1);

function tablesOf(source: Source): readonly string[] {
  switch (source.is) {
    case 'newest':
    case 'window':
      return [tableOf(source.metric)];
    case 'age':
      return [source.table];
    case 'quotient':
    case 'difference':
      return [...tablesOf(source.a), ...tablesOf(source.b)];
    case 'own':
      return [];
  }
}

export async function planLook(rules: readonly ReadyRule[]): Promise<LookPlan> {
  const byId = new Map<string, ReadyRule>();
  const sources = new Map<string, Source>();
  const tables = new Map<string, Set<string>>();
  const want = (table: string): Set<string> => tables.get(table) ?? new Set();
  for (const [nth, ready] of rules.entries()) {
    const { id, source, flat, rule } = ready;
    byId.set(id, ready);
    if (source.is === 'own' && rule.metric !== undefined) tables.set(tableOf(rule.metric), want(tableOf(rule.metric)));
    if (nth % SLICE === SLICE - 1) await breathe();
    if (source.is === 'own' || sources.has(flat.column)) continue;
    sources.set(flat.column, source);
    for (const table of tablesOf(source)) tables.set(table, want(table));
    for (const metric of newestOf(source)) tables.get(tableOf(metric))?.add(lastPart(metric));
  }
  return { rules, byId, tables, sources, own: rules.filter(({ source }) => source.is === 'own') };
}
