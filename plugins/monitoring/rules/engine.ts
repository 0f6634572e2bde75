import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertRule, Clock, Duty, Log, Metrics } from 'novacron/plugin';
import type { RuleKind, Signal, Subject } from '../port.ts';
import type { AlertState } from './alert-state.ts';
import { createColumns } from './columns.ts';
import { EngineMemory } from './engine-memory.ts';
import type { RunningEvaluator } from './evaluator-calls.ts';
import { isSmall, startEvaluatorHere } from './evaluator-here.ts';
import { startEvaluatorThread } from './evaluator-thread.ts';
import type { Change } from './evaluator.ts';
import { planLook, type LookPlan } from './look-plan.ts';
import { createOwnValues, type OwnValues } from './own-values.ts';
import { signalOf, type Told } from './signals.ts';
import { tableOf, type ReadyRule } from './source.ts';
import type { StateStore } from './state-store.ts';
import { createTables, type TableView } from './tables.ts';
import type { Thing, Things } from './things.ts';

export interface EngineOptions {
  readonly metrics: Pick<Metrics, 'latest' | 'windows' | 'sql'>;
  readonly store: StateStore;
  readonly things: Things;
  /** All rules that are on; the same object as long as a rule has not changed. */
  readonly rules: () => readonly ReadyRule[];
  /** Brings `rules` up to date. */
  readonly beforeLook: () => Promise<void>;
  readonly kinds: ReadonlyMap<string, RuleKind>;
  /** Where what fires and what resolves goes, unless the fence says that it is another hub's to say. Kept when it resolves; said again when it fails. */
  readonly raise: (signals: readonly Signal[], fence: Duty['fence']) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs: number;
  /** Pairs of a rule and a thing that may be pending or firing at once. */
  readonly activeMax: number;
}

export interface LookReport {
  readonly rules: number;
  readonly active: number;
  readonly changed: number;
  readonly refused: number;
  readonly tookMs: number;
}

export interface ActiveAlert {
  readonly rule: string;
  readonly subject: Subject;
  readonly state: AlertState;
}

export interface Engine {
  /** Reads what was kept, once, before the first look. */
  load(): Promise<void>;
  /** Judges all rules once. */
  look(duty: Duty): Promise<LookReport>;
  /** Looks at every beat as long as the duty lasts. A beat that comes while a look is under way is skipped. */
  run(duty: Duty): Promise<void>;
  /** Reads at every beat what another hub has found, as long as that one has the duty; until the signal fires. */
  follow(signal: AbortSignal): Promise<void>;
  /** What is pending or firing now; of one rule when it is named. */
  active(rule?: string): readonly ActiveAlert[];
  /** Why a rule cannot be judged now. */
  trouble(rule: string): string | undefined;
  lastLook(): LookReport | null;
  close(): Promise<void>;
}

/** Nothing seen for so long: what had to last starts again. A restart of the hub is shorter. */
const GAP_BEATS = 4;
const GAP_MS_MIN = 120_000;
/** So much crosses between the threads at once. */
const CHUNK = 300;
/** What fires is said again after so long, with its newest figures. */
const REPEAT_MS = 300_000;
/** So long a look waits for SQL and offered kinds; what comes later counts at the next. */
const OWN_WAIT_MS = 2_000;

const chunked = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, nth) => all.slice(nth * size, (nth + 1) * size));

const subjectOf = ({ kind, id, name, tenant }: Thing, device: string | null): Subject => ({
  kind,
  id,
  name,
  tenant,
  ...(device !== null && { device }),
});

/** A rule that was taken away while the hub was down: only its name is left. */
function forgottenRule(id: string): ReadyRule {
  const rule: AlertRule = { title: id, severity: 'info', condition: { is: 'absence', seconds: 1 } };
  const flat = { id, table: '', column: '', sign: 1 as const, edge: 1, resolveAt: 1, forMs: 0, keepFiringMs: 0, scope: null, isAge: false };
  return { id, rule, flat, source: { is: 'own' }, kind: '', unit: undefined };
}

class RuleEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #memory: EngineMemory;
  readonly #tables: ReturnType<typeof createTables>;
  readonly #columns: ReturnType<typeof createColumns>;
  readonly #own: ReturnType<typeof createOwnValues>;
  readonly #gapMs: number;
  #evaluator: RunningEvaluator | null = null;
  #plan: LookPlan | null = null;
  #isOnDuty = false;
  #reading: Promise<void> = Promise.resolve();
  /** What the evaluator has: rules by id, and rows by table. */
  #sent: ReadonlyMap<string, ReadyRule> = new Map<string, ReadyRule>();
  /** Those that the look under way took away: what they had resolves in their name. */
  #dropped = new Map<string, ReadyRule>();
  #sentRows = new Map<string, OwnValues['rows']>();
  #repeatedAt = 0;
  #report: LookReport | null = null;

  constructor(options: EngineOptions) {
    const { metrics, things, kinds, log, everyMs } = options;
    this.#options = options;
    this.#gapMs = Math.max(GAP_MS_MIN, GAP_BEATS * everyMs);
    this.#memory = new EngineMemory(options);
    this.#tables = createTables({ metrics, things });
    this.#columns = createColumns({ metrics, log, everyMs });
    this.#own = createOwnValues({ metrics, things, kinds, log, everyMs, targetsOf: (ready) => this.#targetsOf(ready) });
  }

  async load(): Promise<void> {
    if (!(await this.#memory.load())) return;
    const things = this.#memory.active().map(({ subject: { kind, id, name, tenant } }) => ({ kind, id, name, tenant, tags: [] }));
    this.#options.things.remember(things, this.#options.clock.now());
  }

  active(rule?: string): readonly ActiveAlert[] {
    return this.#memory.active(rule);
  }

  trouble(rule: string): string | undefined {
    return this.#own.trouble(rule);
  }

  lastLook(): LookReport | null {
    return this.#report;
  }

  async close(): Promise<void> {
    await this.#evaluator?.end();
    this.#evaluator = null;
  }

  async run(duty: Duty): Promise<void> {
    const { log } = this.#options;
    const { signal } = duty;
    this.#isOnDuty = true;
    try {
      await this.#reading;
      await this.load();
      await this.#atBeats(signal, async () => {
        try {
          await this.look(duty);
        } catch (error) {
          if (!signal.aborted) log.error({ err: error }, 'the alert rules could not be looked at; they are at the next beat');
        }
      });
    } finally {
      this.#isOnDuty = false;
      await this.close();
    }
  }

  follow(signal: AbortSignal): Promise<void> {
    const { beforeLook, log } = this.#options;
    return this.#atBeats(signal, async () => {
      if (this.#isOnDuty) return;
      const read = async (): Promise<void> => {
        await beforeLook();
        if (!this.#isOnDuty) await this.load();
      };
      this.#reading = read().catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ err: error }, 'what another hub finds by the alert rules could not be read; it is at the next beat');
      });
      await this.#reading;
    });
  }

  async #atBeats(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { everyMs } = this.#options;
    while (!signal.aborted) {
      const beganAt = performance.now();
      await work();
      const took = performance.now() - beganAt;
      await sleep(everyMs - (took % everyMs), undefined, { signal, ref: false }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async look(duty: Duty): Promise<LookReport> {
    const { clock, things } = this.#options;
    const { signal } = duty;
    const beganAt = performance.now();
    duty.check();
    await this.#options.beforeLook();
    const plan = await this.#planNow();
    const at = clock.now();
    things.refresh(at);
    const views = new Map<string, TableView>();
    for (const [table, metrics] of plan.tables) views.set(table, await this.#tables.view(table, metrics, at));
    await this.#askOwn(plan, { at, signal });
    const columns = await this.#read(plan, { at, views, signal });
    const evaluator = await this.#evaluatorWith(plan, this.#rowsOf(plan, views));
    const repeat = Math.abs(at - this.#repeatedAt) >= REPEAT_MS;
    const { changes, active, refused } = await evaluator.look({ at, columns, repeat });
    if (repeat) this.#repeatedAt = at;
    await this.#takeAll(evaluator, at);
    await this.#memory.settle(at, duty.fence);
    if (refused > 0)
      this.#options.log.warn({ refused, activeMax: this.#options.activeMax }, 'more alerts than the limit; the rest is not told');
    this.#report = { rules: plan.rules.length, active, changed: changes, refused, tookMs: performance.now() - beganAt };
    return this.#report;
  }

  async #planNow(): Promise<LookPlan> {
    const rules = this.#options.rules();
    if (this.#plan?.rules !== rules) this.#plan = await planLook(rules);
    return this.#plan;
  }

  /** The evaluator with the rules and things as they are now; a new one when the old one has ended, or when it has become too much for the main thread. */
  async #evaluatorWith({ rules, byId }: LookPlan, rows: ReadonlyMap<string, OwnValues['rows']>): Promise<RunningEvaluator> {
    const known = this.#evaluator;
    const isFit = known !== null && !known.ended.aborted && (known.isThread || isSmall(rules, rows));
    const evaluator = isFit ? known : await this.#startEvaluator(isSmall(rules, rows));
    this.#dropped = new Map();
    if (byId !== this.#sent) {
      const put = rules.filter((ready) => this.#sent.get(ready.id) !== ready);
      this.#dropped = new Map([...this.#sent].filter(([id]) => !byId.has(id)));
      for (const some of chunked(put, CHUNK)) await evaluator.setRules({ put: some.map(({ flat }) => flat), drop: [] });
      if (this.#dropped.size > 0) await evaluator.setRules({ put: [], drop: [...this.#dropped.keys()] });
      this.#sent = byId;
    }
    for (const [table, now] of rows) {
      if (this.#sentRows.get(table) === now) continue;
      this.#sentRows.set(table, now);
      await evaluator.setTable(table, now);
    }
    return evaluator;
  }

  async #startEvaluator(isLittle: boolean): Promise<RunningEvaluator> {
    await this.close();
    const limits = { gapMs: this.#gapMs, activeMax: this.#options.activeMax };
    const evaluator = (this.#evaluator = isLittle ? startEvaluatorHere(limits) : startEvaluatorThread(limits));
    this.#sent = new Map();
    this.#sentRows = new Map();
    const { kept, lookedAt } = this.#memory.kept();
    await evaluator.load(kept, lookedAt);
    return evaluator;
  }

  /** Part by part, so that ten thousand changes at once hold up nobody. */
  async #takeAll(evaluator: RunningEvaluator, at: number): Promise<void> {
    for (;;) {
      const { changes, repeated } = await evaluator.take(CHUNK);
      if (changes.length + repeated.length === 0) return;
      const told = [...changes, ...repeated].flatMap((change) => this.#told(change, at) ?? []);
      this.#memory.take({
        changes: changes.map((change) => ({ change, subject: this.#subjectOf(change) })),
        signals: told.flatMap((one) => signalOf(one) ?? []),
      });
    }
  }

  async #askOwn({ own }: LookPlan, look: { at: number; signal: AbortSignal }): Promise<void> {
    if (own.length === 0) return;
    const asking = this.#own.refresh(own, look);
    asking.catch((error: unknown) => {
      if (!look.signal.aborted) this.#options.log.error({ err: error }, 'rules with values of their own could not be asked');
    });
    const waited = new AbortController();
    await Promise.race([asking, sleep(OWN_WAIT_MS, undefined, { ref: false, signal: waited.signal }).catch(() => undefined)]);
    waited.abort();
  }

  async #read(
    { sources, own }: LookPlan,
    { at, views, signal }: { at: number; views: ReadonlyMap<string, TableView>; signal: AbortSignal },
  ) {
    const view = (table: string): TableView => {
      const found = views.get(table);
      if (found === undefined) throw new TypeError(`no view of the table ${table}`);
      return found;
    };
    const columns = new Map(await this.#columns.read(sources, { at, view, signal }));
    for (const { id, flat } of own) {
      const values = this.#own.trouble(id) === undefined ? this.#own.get(id)?.values : undefined;
      if (values !== undefined) columns.set(flat.column, values);
    }
    return columns;
  }

  #rowsOf(plan: LookPlan, views: ReadonlyMap<string, TableView>): ReadonlyMap<string, OwnValues['rows']> {
    const rows = new Map<string, OwnValues['rows']>([...views].map(([table, view]) => [table, view.rows]));
    for (const { id, flat } of plan.own) {
      const own = this.#own.get(id);
      if (own !== undefined) rows.set(flat.table, own.rows);
    }
    return rows;
  }

  #targetsOf(ready: ReadyRule) {
    const view = ready.rule.metric === undefined ? undefined : this.#tables.last(tableOf(ready.rule.metric));
    return (view?.rows ?? []).flatMap((row, index) => {
      const thing = view?.things[index];
      return thing ? [{ row, subject: subjectOf(thing, row.device) }] : [];
    });
  }

  #subjectOf({ rule, subject }: Pick<Change, 'rule' | 'subject'>): Subject | undefined {
    const own = this.#own.get(rule)?.subjects.get(subject);
    const table = this.#sent.get(rule)?.flat.table;
    const view = table === undefined ? undefined : this.#tables.last(table);
    const index = view?.indexOf.get(subject.slice(subject.indexOf('/') + 1));
    const thing = index === undefined ? undefined : view?.things[index];
    return own ?? (thing && subjectOf(thing, view?.rows[index ?? 0]?.device ?? null)) ?? this.#memory.subject(rule, subject);
  }

  #told(change: Change, at: number): Told | undefined {
    const ready = this.#sent.get(change.rule) ?? this.#dropped.get(change.rule) ?? forgottenRule(change.rule);
    const subject = this.#subjectOf(change);
    if (subject === undefined) return undefined;
    const finding = this.#own.get(change.rule)?.findings.get(change.subject);
    return { ...change, ready, subject, at, of: this.#ofValue(ready, subject), ...(finding && { finding }) };
  }

  #ofValue({ rule: { metric, of } }: ReadyRule, { id, device }: Subject): number | null {
    if (metric === undefined || of === undefined) return null;
    const samples = this.#options.metrics.latest(tableOf(metric), [id]);
    return samples.find((sample) => sample.device === device)?.values[of] ?? null;
  }
}

/** Judges all rules over all things at every beat, in a thread of its own when they are many, and says what fires and what does not any more. */
export const createEngine = (options: EngineOptions): Engine => new RuleEngine(options);
