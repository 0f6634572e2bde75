import { HubError, type Json, type Log, type Metrics } from 'novacron/plugin';
import type { Finding, RuleKind, Subject } from '../port.ts';
import { createScopes, type Row } from './scopes.ts';
import { subjectKey } from './signals.ts';
import type { ReadyRule } from './source.ts';
import type { Things } from './things.ts';

/** What a rule with values of its own found: its rows, and a value for each. */
export interface OwnValues {
  readonly rows: readonly Row[];
  readonly values: Float64Array;
  readonly subjects: ReadonlyMap<string, Subject>;
  readonly findings: ReadonlyMap<string, Finding>;
  readonly at: number;
}

export interface OwnValuesReader {
  /** Asks those that are due, a few at a time; resolves when all have answered or failed. What fails is told in the log and asked again. */
  refresh(rules: readonly ReadyRule[], options: { readonly at: number; readonly signal: AbortSignal }): Promise<void>;
  get(rule: string): OwnValues | undefined;
  /** Why a rule has no values: the newest failure. */
  trouble(rule: string): string | undefined;
}

export interface OwnValuesOptions {
  readonly metrics: Pick<Metrics, 'sql'>;
  readonly things: Things;
  readonly kinds: ReadonlyMap<string, RuleKind>;
  /** The things of a rule with a metric: those of its table. */
  readonly targetsOf: (ready: ReadyRule) => readonly { readonly row: Row; readonly subject: Subject }[];
  readonly log: Log;
  readonly everyMs: number;
}

const AT_ONCE_MAX = 2;
const SQL_TIMEOUT_MS = 5_000;
const SQL_ROWS_MAX = 10_000;
const JUDGE_TIMEOUT_MS = 60_000;
const JUDGE_EVERY_SECONDS = 300;

const rowOf = (subject: Subject, tags: readonly string[]): Row => {
  const { name, device = null, tenant } = subject;
  return { key: subjectKey(subject), name, device, tenant, tags };
};

const VERDICTS = { bad: 1, good: 0, unknown: Number.NaN } as const;

const kindMissing = (): HubError =>
  new HubError('alert_kind_missing', 'No plugin that is on offers rules of this kind. Turn it on in plugins.json.', { status: 503 });

async function judge(options: OwnValuesOptions, ready: ReadyRule, { at, signal }: { at: number; signal: AbortSignal }): Promise<OwnValues> {
  const { condition, metric = null } = ready.rule;
  const kind = condition.is === 'offered' ? options.kinds.get(condition.kind) : undefined;
  if (condition.is !== 'offered' || kind === undefined) throw kindMissing();
  const { fits } = createScopes();
  const targets = options.targetsOf(ready).filter(({ row }) => fits(ready.flat.scope, row));
  const limit = AbortSignal.any([signal, AbortSignal.timeout(JUDGE_TIMEOUT_MS)]);
  const asked = { id: ready.id, metric, settings: condition.settings, targets: targets.map(({ subject }) => subject) };
  const found = await kind.judge(asked, at, limit);
  const findings = new Map(found.map((finding) => [subjectKey(finding.subject), finding]));
  const subjects = new Map(found.map(({ subject }) => [subjectKey(subject), subject]));
  const tagsOf = new Map(targets.map(({ row }) => [row.key, row.tags]));
  return {
    rows: found.map(({ subject }) => rowOf(subject, tagsOf.get(subjectKey(subject)) ?? [])),
    values: Float64Array.from(found, ({ verdict }) => VERDICTS[verdict]),
    subjects,
    findings,
    at,
  };
}

async function select(
  options: OwnValuesOptions,
  ready: ReadyRule,
  { at, signal }: { at: number; signal: AbortSignal },
): Promise<OwnValues> {
  const { condition } = ready.rule;
  const text = condition.is === 'sql' ? condition.sql : '';
  const frame = await options.metrics.sql(text, { signal, timeoutMs: SQL_TIMEOUT_MS, rowsMax: SQL_ROWS_MAX });
  const column = (name: string) => frame.fields.find((field) => field.name === name)?.values;
  const [entities, values, devices = []] = [column('entity'), column('value'), column('device')];
  if (entities === undefined || values === undefined)
    throw new HubError('alert_sql_columns', 'The SELECT of an alert rule must answer with the columns "entity" and "value".', {
      status: 400,
    });
  const { kind } = ready;
  await options.things.learn(kind, [...new Set(entities.map(String))], at);
  const lines = entities.flatMap((entity, nth) => {
    const thing = options.things.find(kind, String(entity));
    const value = values[nth];
    const device = devices[nth];
    if (thing === undefined || typeof value !== 'number') return [];
    const { id, name, tenant, tags } = thing;
    return [{ subject: { kind, id, name, tenant, ...(typeof device === 'string' && { device }) }, tags, value }];
  });
  return {
    rows: lines.map(({ subject, tags }) => rowOf(subject, tags)),
    values: Float64Array.from(lines, ({ value }) => value),
    subjects: new Map(lines.map(({ subject }) => [subjectKey(subject), subject])),
    findings: new Map(),
    at,
  };
}

export function createOwnValues(options: OwnValuesOptions): OwnValuesReader {
  const known = new Map<string, OwnValues>();
  const troubles = new Map<string, string>();
  const askedAt = new Map<string, number>();
  const missing = new Set<string>();

  function everyMsOf({ rule: { condition } }: ReadyRule): number {
    if (condition.is !== 'offered') return options.everyMs;
    return Math.max(options.everyMs, (options.kinds.get(condition.kind)?.everySeconds ?? JUDGE_EVERY_SECONDS) * 1000);
  }
  /** At the start the plugin that offers its kind may not be there yet; then it is asked at the first look at which it is. Only one that is missing for longer is told of. */
  function isOffered({ id, rule: { condition } }: ReadyRule): boolean {
    if (condition.is !== 'offered' || options.kinds.has(condition.kind)) {
      missing.delete(id);
      return true;
    }
    if (missing.has(id)) troubles.set(id, kindMissing().message);
    missing.add(id);
    return false;
  }
  async function ask(ready: ReadyRule, look: { at: number; signal: AbortSignal }): Promise<void> {
    const { id, rule } = ready;
    askedAt.set(id, look.at);
    try {
      known.set(id, await (rule.condition.is === 'sql' ? select(options, ready, look) : judge(options, ready, look)));
      troubles.delete(id);
    } catch (error) {
      look.signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      if (!troubles.has(id)) options.log.warn({ rule: id, err: error }, 'an alert rule cannot be judged');
      troubles.set(id, message);
    }
  }
  return {
    get: (rule) => known.get(rule),
    trouble: (rule) => troubles.get(rule),
    async refresh(rules, look) {
      const ids = new Set(rules.map(({ id }) => id));
      for (const each of [known, troubles, askedAt, missing]) for (const id of each.keys()) if (!ids.has(id)) each.delete(id);
      const due = rules
        .filter(isOffered)
        .filter((ready) => Math.abs(look.at - (askedAt.get(ready.id) ?? -Infinity)) >= everyMsOf(ready) * 0.9);
      const lanes = Array.from({ length: AT_ONCE_MAX }, async () => {
        for (let ready = due.shift(); ready !== undefined; ready = due.shift()) await ask(ready, look);
      });
      await Promise.all(lanes);
    },
  };
}

/** For a rule whose settings a plugin has to check. */
export function checkSettings(kind: RuleKind | undefined, name: string, settings: Json): void {
  if (kind === undefined)
    throw new HubError('alert_kind_missing', `No plugin that is on offers rules of the kind "${name}".`, { status: 400 });
  const checked = kind.settings.validate(settings);
  if (!checked.ok) throw new HubError('alert_invalid', `The settings do not fit the kind "${name}": ${checked.reason}`, { status: 400 });
}
