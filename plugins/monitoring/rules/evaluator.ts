import { blindFrom, nextState, shifted, type AlertState, type Verdict } from './alert-state.ts';
import { createScopes, type Scope, type Row } from './scopes.ts';

/** A rule as figures: all kinds of conditions come down to one column of values and an edge in it. */
export interface FlatRule {
  readonly id: string;
  /** Key of the list of things that it looks at. */
  readonly table: string;
  /** Key of its column of values, one for each row of the table. */
  readonly column: string;
  /** 1: bad above the edge. -1: bad below. */
  readonly sign: 1 | -1;
  readonly edge: number;
  readonly resolveAt: number;
  readonly forMs: number;
  readonly keepFiringMs: number;
  /** `null`: every row. */
  readonly scope: Scope | null;
  /** Values are ages; a negative one is the time for which nothing was seen so far, and tells nothing before it reaches the edge. */
  readonly isAge: boolean;
}

export interface Kept {
  readonly rule: string;
  /** `<kind>/<id>[/<device>]` */
  readonly subject: string;
  readonly state: AlertState;
}

export interface Change {
  readonly rule: string;
  readonly subject: string;
  readonly was: AlertState | null;
  readonly state: AlertState | null;
  /** `null`: there was none, or the thing is gone. */
  readonly value: number | null;
}

export interface Look {
  readonly at: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
  /** Says what fires although it has not changed, with its newest value. */
  readonly repeat: boolean;
}

export interface Looked {
  readonly changes: readonly Change[];
  readonly repeated: readonly Change[];
  /** Pending and firing pairs of rule and thing. */
  readonly active: number;
  /** Pairs that were bad and not taken because there are too many. */
  readonly refused: number;
}

export interface Evaluator {
  setRules(change: { readonly put: readonly FlatRule[]; readonly drop: readonly string[] }): void;
  setTable(table: string, rows: readonly Row[]): void;
  /** What was kept before a restart, and when it was looked at last. */
  load(kept: readonly Kept[], lastAt: number | null): void;
  look(look: Look): Looked;
  /** The same, a little at a time: whoever must not be held up for long pauses where it yields. Nothing else may be asked meanwhile. */
  lookInPieces(look: Look): Generator<undefined, Looked>;
}

interface Limits {
  readonly gapMs: number;
  readonly activeMax: number;
}

type ActiveOf = Map<string, AlertState>;

/** So many pairs that change, or are looked at one by one, make a piece. */
const PIECE = 200;

/** All pieces at once. */
export function atOnce<T>(pieces: Generator<undefined, T>): T {
  for (;;) {
    const next = pieces.next();
    if (next.done) return next.value;
  }
}

/** Positive, zero or negative: past the edge, at it, on its good side. */
const past = ({ sign }: FlatRule, value: number, edge: number): number => sign * (value - edge);

function verdictOf(rule: FlatRule, value: number | undefined): Verdict {
  if (value === undefined || Number.isNaN(value)) return 'unknown';
  if (rule.isAge && value < 0) return -value > rule.edge ? 'bad' : 'unknown';
  if (past(rule, value, rule.edge) > 0) return 'bad';
  return past(rule, value, rule.resolveAt) > 0 ? 'between' : 'good';
}

class Columns implements Evaluator {
  readonly #limits: Limits;
  readonly #rules = new Map<string, FlatRule>();
  readonly #tables = createScopes();
  readonly #active = new Map<string, ActiveOf>();
  #lastAt: number | null = null;
  #count = 0;
  #refused = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  setRules({ put, drop }: { readonly put: readonly FlatRule[]; readonly drop: readonly string[] }): void {
    for (const rule of put) this.#rules.set(rule.id, rule);
    for (const id of drop) this.#rules.delete(id);
  }

  setTable(table: string, rows: readonly Row[]): void {
    this.#tables.set(table, rows);
  }

  load(kept: readonly Kept[], lastAt: number | null): void {
    this.#lastAt = lastAt;
    for (const { rule, subject, state } of kept) this.#put(rule, subject, state);
  }

  look(look: Look): Looked {
    return atOnce(this.lookInPieces(look));
  }

  *lookInPieces({ at: asked, columns, repeat }: Look): Generator<undefined, Looked> {
    const changes: Change[] = [];
    const repeated: Change[] = [];
    this.#refused = 0;
    const at = yield* this.#settleClock(asked, changes);
    for (const [id, active] of this.#active) if (!this.#rules.has(id)) this.#endRule(id, active, changes);
    for (const rule of this.#rules.values()) {
      yield* this.#lookAt(rule, { at, column: columns.get(rule.column) }, changes);
      yield;
    }
    if (repeat) yield* this.#repeat(columns, repeated);
    this.#lastAt = at;
    return { changes, repeated, active: this.#count, refused: this.#refused };
  }

  /** A clock that jumped ahead and a hub that was down look alike: nobody looked. One that jumped back takes the marks along. */
  *#settleClock(at: number, changes: Change[]): Generator<undefined, number> {
    const lastAt = this.#lastAt;
    if (lastAt === null || at === lastAt) return at;
    const { gapMs } = this.#limits;
    if (at > lastAt) {
      if (at - lastAt > gapMs) yield* this.#rewrite((state) => blindFrom(state, lastAt), changes);
      return at;
    }
    yield* this.#rewrite((state) => shifted(state, lastAt - at), changes);
    return at;
  }

  *#rewrite(change: (state: AlertState) => AlertState, changes: Change[]): Generator<undefined> {
    for (const [rule, active] of this.#active)
      for (const [subject, was] of active) {
        const state = change(was);
        active.set(subject, state);
        changes.push({ rule, subject, was, state, value: null });
        if (changes.length % PIECE === 0) yield;
      }
  }

  #endRule(id: string, active: ActiveOf, changes: Change[]): void {
    for (const [subject, was] of active) {
      this.#put(id, subject, null);
      changes.push({ rule: id, subject, was, state: null, value: null });
    }
  }

  /** First what is bad: for most rules nothing, and then the scan is all. Then what is active and was not bad. */
  *#lookAt(rule: FlatRule, seen: { at: number; column: Float64Array | undefined }, changes: Change[]): Generator<undefined> {
    // Without a list of things nothing can be judged, and nothing is gone either.
    const rows = this.#tables.rows(rule.table) ?? null;
    const { at, column } = seen;
    const active = this.#active.get(rule.id);
    const before = active ? [...active] : [];
    if (column !== undefined && rows !== null) {
      for (const [nth, index] of this.#badOf(rule, column).entries()) {
        const row = rows[index];
        if (nth % PIECE === PIECE - 1) yield;
        if (row) this.#step({ rule, row, verdict: 'bad', at, value: column[index] ?? null }, changes);
      }
    }
    for (const [nth, [subject]] of before.entries()) {
      if (nth % PIECE === PIECE - 1) yield;
      const index = this.#tables.indexOf(rule.table, subject);
      const row = index === undefined ? undefined : rows?.[index];
      const looks = rows === null || (row !== undefined && this.#tables.fits(rule.scope, row));
      const value = index === undefined ? undefined : column?.[index];
      const verdict = looks ? verdictOf(rule, value) : 'gone';
      if (verdict !== 'bad') this.#step({ rule, row: { key: subject }, verdict, at, value: value ?? null }, changes);
    }
  }

  #badOf(rule: FlatRule, column: Float64Array): number[] {
    const { sign, edge, isAge } = rule;
    const members = this.#tables.members(rule.table, rule.scope);
    const bad: number[] = [];
    const length = members?.length ?? column.length;
    for (let nth = 0; nth < length; nth++) {
      const index = members === null ? nth : (members[nth] ?? 0);
      const value = column[index] ?? Number.NaN;
      if (sign * (value - edge) > 0 || (isAge && -value > edge)) bad.push(index);
    }
    return bad;
  }

  #step(seen: { rule: FlatRule; row: Pick<Row, 'key'>; verdict: Verdict; at: number; value: number | null }, changes: Change[]): void {
    const { rule, row, verdict, at, value } = seen;
    const was = this.#active.get(rule.id)?.get(row.key) ?? null;
    if (was === null && this.#count >= this.#limits.activeMax) {
      this.#refused++;
      return;
    }
    const state = nextState(was, { verdict, at }, { ...rule, gapMs: this.#limits.gapMs });
    if (state === was) return;
    this.#put(rule.id, row.key, state);
    changes.push({ rule: rule.id, subject: row.key, was, state, value: value === null || Number.isNaN(value) ? null : value });
  }

  #put(rule: string, subject: string, state: AlertState | null): void {
    const active = this.#active.get(rule) ?? new Map<string, AlertState>();
    const sizeBefore = active.size;
    if (state === null) active.delete(subject);
    else active.set(subject, state);
    this.#count += active.size - sizeBefore;
    if (active.size === 0) this.#active.delete(rule);
    else this.#active.set(rule, active);
  }

  *#repeat(columns: ReadonlyMap<string, Float64Array>, repeated: Change[]): Generator<undefined> {
    for (const [id, active] of this.#active) {
      yield;
      const rule = this.#rules.get(id);
      const column = rule && columns.get(rule.column);
      for (const [subject, state] of active) {
        const index = rule && this.#tables.indexOf(rule.table, subject);
        const value = index === undefined ? undefined : column?.[index];
        if (state.is === 'firing' && value !== undefined && !Number.isNaN(value))
          repeated.push({ rule: id, subject, was: state, state, value });
      }
    }
  }
}

/**
 * Judges all rules over all things: columns of numbers in, changes out. It is pure but for what it remembers of the pairs that are not well, so the same code
 * runs in the thread of the hub, in previews over recorded history and in tests.
 */
export const createEvaluator = (limits: Limits): Evaluator => new Columns(limits);
