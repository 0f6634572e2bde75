import { setImmediate as breathe } from 'node:timers/promises';
import { HubError, type Metrics, type Unit } from 'novacron/plugin';
import { formatValue } from '../format.ts';
import type { Finding, RuleKind, Subject } from '../port.ts';
import { createEvaluator, type Change } from './evaluator.ts';
import { readHistory, type Grid } from './history.ts';
import { createScopes } from './scopes.ts';
import { formatSeconds, subjectKey } from './signals.ts';
import { tableOf, type ReadyRule } from './source.ts';
import { createTables, seriesKey } from './tables.ts';
import type { Things } from './things.ts';

/** One time that the rule would have fired. */
export interface Firing {
  readonly subject: Subject;
  /** Epoch milliseconds; `null`: it would fire still. */
  readonly from: number;
  readonly to: number | null;
  /** The worst value meanwhile. */
  readonly worst: number | null;
}

export interface Preview {
  readonly from: number;
  readonly to: number;
  readonly stepSeconds: number;
  /** Things that the rule looks at, and how many of them were looked at here. */
  readonly things: number;
  readonly looked: number;
  readonly firings: readonly Firing[];
  /** How often in all; `firings` is cut. */
  readonly count: number;
  readonly subjects: number;
  readonly sentence: string;
}

export interface PreviewOptions {
  readonly metrics: Metrics;
  readonly things: Things;
  readonly kinds: ReadonlyMap<string, RuleKind>;
  readonly now: number;
  readonly days: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  /** Whose things may be shown; `null`: all. */
  readonly tenant: string | null;
}

const CELLS_MAX = 3_000_000;
const STEPS_MAX = 2000;
const STEPS_MIN = 300;
const THINGS_MAX = CELLS_MAX / STEPS_MIN;
const STEP_MS_MIN = 60_000;
const FIRINGS_MAX = 100;
const FIRINGS_SAID_MAX = 5;
const TARGETS_MAX = 500;
/** A plugin that judges is asked for so many instants of the past. */
const JUDGED_STEPS = 28;
const BREATHE_EVERY = 50;
const GAP_STEPS = 4;
const ACTIVE_MAX = 100_000;

interface Target {
  readonly key: string;
  readonly series: string;
  readonly subject: Subject;
  readonly row: Parameters<ReturnType<typeof createScopes>['fits']>[1];
}

async function targetsOf(ready: ReadyRule, { metrics, things, now, tenant }: PreviewOptions): Promise<readonly Target[]> {
  if (ready.rule.metric === undefined) return [];
  things.refresh(now);
  const view = await createTables({ metrics, things }).view(tableOf(ready.rule.metric), new Set(), now);
  const { fits } = createScopes();
  return view.rows.flatMap((row, index): Target[] => {
    const thing = view.things[index];
    if (thing === undefined || !fits(ready.flat.scope, row)) return [];
    if (tenant !== null && thing.tenant !== null && thing.tenant !== tenant) return [];
    const { kind, id, name } = thing;
    const { device } = row;
    const subject = { kind, id, name, tenant: thing.tenant, ...(device !== null && { device }) };
    return [{ key: row.key, series: seriesKey(id, device), subject, row }];
  });
}

function gridOf(ready: ReadyRule, targets: readonly Target[], { now, days, everyMs }: PreviewOptions): Grid {
  const rangeMs = days * 86_400_000;
  const steps = Math.max(STEPS_MIN, Math.min(STEPS_MAX, Math.floor(CELLS_MAX / Math.max(1, targets.length))));
  const stepMs = Math.ceil(Math.max(rangeMs / steps, STEP_MS_MIN, everyMs) / 1000) * 1000;
  const entities = [...new Set(targets.map(({ subject }) => subject.id))];
  return {
    from: now - Math.floor(rangeMs / stepMs) * stepMs,
    stepMs,
    steps: Math.floor(rangeMs / stepMs),
    indexOf: new Map(targets.map(({ series }, index) => [series, index])),
    targets: entities.length <= TARGETS_MAX ? entities : null,
    presence: ready.rule.metric ?? null,
  };
}

/** Collects from changes when a rule would have fired, and the worst value meanwhile. */
function createRecord(ready: ReadyRule, subjects: ReadonlyMap<string, Subject>) {
  const open = new Map<string, { from: number; worst: number | null }>();
  const done: Firing[] = [];
  const worse = (a: number | null, b: number | null): number | null => {
    if (a === null || b === null) return a ?? b;
    return ready.flat.sign * (b - a) > 0 ? b : a;
  };
  return {
    take(change: Change, at: number): void {
      const { subject: key, was, state } = change;
      const subject = subjects.get(key);
      if (state?.is === 'firing' && was?.is !== 'firing') open.set(key, { from: at, worst: change.value });
      const ended = state === null ? open.get(key) : undefined;
      if (ended && subject) done.push({ subject, from: ended.from, to: at, worst: ended.worst });
      if (state === null) open.delete(key);
    },
    see(key: string, value: number): void {
      const firing = open.get(key);
      if (firing && !Number.isNaN(value)) firing.worst = worse(firing.worst, Math.abs(value) === Infinity ? null : value);
    },
    isOpen: (): boolean => open.size > 0,
    all(): Firing[] {
      const still = [...open].flatMap(([key, { from, worst }]): Firing[] => {
        const subject = subjects.get(key);
        return subject ? [{ subject, from, to: null, worst }] : [];
      });
      return [...done, ...still].toSorted((a, b) => a.from - b.from);
    },
  };
}

/** The same evaluator as the hub's, run over the past. */
async function replay(
  ready: ReadyRule,
  targets: readonly Target[],
  options: PreviewOptions,
): Promise<{ grid: Grid; firings: readonly Firing[] }> {
  const grid = gridOf(ready, targets, options);
  const cells = await readHistory(options.metrics, grid, { source: ready.source, signal: options.signal });
  const evaluator = createEvaluator({ gapMs: GAP_STEPS * grid.stepMs, activeMax: ACTIVE_MAX });
  evaluator.setRules({ put: [ready.flat], drop: [] });
  evaluator.setTable(
    ready.flat.table,
    targets.map(({ row }) => row),
  );
  const record = createRecord(ready, new Map(targets.map(({ key, subject }) => [key, subject])));
  for (let step = 0; step < grid.steps; step++) {
    options.signal.throwIfAborted();
    const at = grid.from + (step + 1) * grid.stepMs;
    const column = cells.subarray(step * targets.length, (step + 1) * targets.length);
    const { changes } = evaluator.look({ at, columns: new Map([[ready.flat.column, column]]), repeat: false });
    for (const change of changes) record.take(change, at);
    if (record.isOpen()) for (const [index, { key }] of targets.entries()) record.see(key, column[index] ?? Number.NaN);
    if (step % BREATHE_EVERY === 0) await breathe();
  }
  return { grid, firings: record.all() };
}

/** What a plugin would have said at some instants of the past. */
async function judgePast(
  ready: ReadyRule,
  targets: readonly Target[],
  options: PreviewOptions,
): Promise<{ stepMs: number; firings: readonly Firing[] }> {
  const { condition, metric = null } = ready.rule;
  const kind = condition.is === 'offered' ? options.kinds.get(condition.kind) : undefined;
  if (condition.is !== 'offered' || kind === undefined) return { stepMs: 0, firings: [] };
  const stepMs = Math.ceil((options.days * 86_400_000) / JUDGED_STEPS);
  const firings: Firing[] = [];
  const open = new Map<string, Firing>();
  for (let step = JUDGED_STEPS - 1; step >= 0; step--) {
    const at = options.now - step * stepMs;
    const asked = { id: ready.id, metric, settings: condition.settings, targets: targets.map(({ subject }) => subject) };
    for (const finding of await kind.judge(asked, at, options.signal)) settleFinding(finding, { at, open, firings });
  }
  return { stepMs, firings: [...firings, ...open.values()].toSorted((a, b) => a.from - b.from) };
}

function settleFinding(
  { subject, verdict }: Finding,
  { at, open, firings }: { at: number; open: Map<string, Firing>; firings: Firing[] },
): void {
  const key = subjectKey(subject);
  const before = open.get(key);
  if (verdict === 'bad' && before === undefined) open.set(key, { subject, from: at, to: null, worst: null });
  if (verdict !== 'good' || before === undefined) return;
  firings.push({ ...before, to: at });
  open.delete(key);
}

const minute = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

function firingText({ subject, from, to, worst }: Firing, unit: Unit | undefined): string {
  const name = subject.device === undefined ? subject.name : `${subject.name} ${subject.device}`;
  const lasting = to === null ? 'until now' : `for ${formatSeconds((to - from) / 1000)}`;
  return `${name} on ${minute(from)} ${lasting}${worst === null ? '' : ` (worst ${formatValue(worst, unit)})`}`;
}

function sentenceOf(preview: Omit<Preview, 'sentence'>, unit: Unit | undefined): string {
  const { firings, count, subjects, things, looked, stepSeconds, from, to } = preview;
  const range = `in the last ${formatSeconds((to - from) / 1000)}`;
  const part = looked < things ? ` Only ${looked} of its ${things} things were looked at.` : '';
  const how = ` Looked at every ${formatSeconds(stepSeconds)}.`;
  if (things === 0) return 'It looks at nothing now: no thing fits its scope, or nothing of it was measured.';
  if (count === 0) return `Would not have fired ${range}, on any of ${looked} things.${part}${how}`;
  const times = count === 1 ? 'once' : `${count} times`;
  const said = firings.slice(0, FIRINGS_SAID_MAX).map((one) => firingText(one, unit));
  const more = count > said.length ? `, and ${count - said.length} more` : '';
  return `Would have fired ${times} ${range}, on ${subjects} of ${looked} things: ${said.join('; ')}${more}.${part}${how}`;
}

/** What a rule would have done on what was recorded. SQL has its own time and cannot be asked of the past: HubError `alert_preview_sql`. */
export async function previewRule(ready: ReadyRule, options: PreviewOptions): Promise<Preview> {
  if (ready.rule.condition.is === 'sql')
    throw new HubError(
      'alert_preview_sql',
      'A rule in SQL says itself which time it reads, so it cannot be shown on the past. Run it with metrics sql.',
      {
        status: 422,
      },
    );
  const all = await targetsOf(ready, options);
  const targets = all.slice(0, THINGS_MAX);
  const isJudged = ready.source.is === 'own';
  const { stepMs, firings } = isJudged
    ? await judgePast(ready, targets, options)
    : await replay(ready, targets, options).then(({ grid, firings }) => ({ stepMs: grid.stepMs, firings }));
  const preview = {
    from: Math.round(options.now - options.days * 86_400_000),
    to: options.now,
    stepSeconds: Math.round(stepMs / 1000),
    things: all.length,
    looked: targets.length,
    firings: firings.slice(0, FIRINGS_MAX),
    count: firings.length,
    subjects: new Set(firings.map(({ subject }) => subjectKey(subject))).size,
  };
  return { ...preview, sentence: sentenceOf(preview, ready.unit) };
}
