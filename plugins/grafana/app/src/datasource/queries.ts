import type { ScopedVars } from '@grafana/data';
import type { HubQuery } from './types.ts';

/** Grafana's template service, as far as it is needed. */
export interface Replacer {
  replace(text?: string, scopedVars?: ScopedVars, format?: string | ((value: unknown) => string)): string;
}

const listOf = (value: unknown): string => JSON.stringify(Array.isArray(value) ? value : [value]);

/** A name, or a variable that may stand for several. */
function expand(text: string, replacer: Replacer, vars: ScopedVars): string[] {
  if (!text.includes('$')) return [text];
  const filled = replacer.replace(text, vars, listOf);
  try {
    return (JSON.parse(filled) as unknown[]).map(String);
  } catch {
    return [replacer.replace(text, vars)];
  }
}

/** SQL takes a variable as a quoted word, several as a list of them. */
export const quoteSql = (value: unknown): string =>
  (Array.isArray(value) ? value : [value]).map((each) => `'${String(each).replaceAll("'", "''")}'`).join(', ');

const ranges = (sql: string): [string, string] => [sql.replaceAll('$__', '\u0000'), '\u0000'];

function fillSql(sql: string, replacer: Replacer, vars: ScopedVars): string {
  // The hub fills in the range itself; to Grafana `$__from` would be a number.
  const [hidden, mark] = ranges(sql);
  return replacer.replace(hidden, vars, quoteSql).replaceAll(mark, '$__');
}

/** Is there anything to ask? */
export function isComplete({ kind = 'metric', metric, sql, action, hide }: HubQuery): boolean {
  if (hide) return false;
  switch (kind) {
    case 'metric':
      return Boolean(metric);
    case 'sql':
      return Boolean(sql?.trim());
    case 'action':
      return Boolean(action);
    case 'annotations':
      return true;
  }
}

/** What the hub is asked: variables filled in, empty fields left out, nothing that only Grafana knows. */
export function toAsk(query: HubQuery, replacer: Replacer, vars: ScopedVars = {}): Record<string, unknown> {
  const {
    refId,
    kind = 'metric',
    metric,
    targets = [],
    tenant,
    tag,
    host,
    aggregate,
    stepSeconds,
    forecast,
    anomalies,
    sql,
    action,
    input,
    of,
  } = query;
  const word = (text: string | undefined): string | undefined => (text ? replacer.replace(text, vars) || undefined : undefined);
  const asks = {
    metric: {
      metric: word(metric),
      targets: [...new Set(targets.flatMap((target) => expand(target, replacer, vars)))],
      tenant: word(tenant),
      tag: word(tag),
      host: word(host),
      aggregate: aggregate || undefined,
      stepSeconds,
      forecast: forecast || undefined,
      anomalies: anomalies || undefined,
    },
    sql: { sql: fillSql(sql ?? '', replacer, vars) },
    action: { action, input: fillInput(input ?? {}, replacer, vars) },
    annotations: { of: of?.length ? of : undefined },
  };
  return Object.fromEntries(Object.entries({ refId, kind, ...asks[kind] }).filter(([, value]) => value !== undefined));
}

function fillInput(input: Record<string, unknown>, replacer: Replacer, vars: ScopedVars): Record<string, unknown> {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return replacer.replace(value, vars);
    return Array.isArray(value) ? value.flatMap((each) => (typeof each === 'string' ? expand(each, replacer, vars) : [each])) : value;
  };
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, fill(value)]));
}
