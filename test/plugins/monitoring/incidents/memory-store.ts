import { entryOfEnd, messageKey } from '../../../../plugins/monitoring/incidents/tellings.ts';
import type { Entry, IncidentRecord, Telling } from '../../../../plugins/monitoring/incidents/record.ts';
import type { Claimed, Desktop, Ledger, Store, StoredOverride, Told } from '../../../../plugins/monitoring/incidents/store.ts';
import type { Silence } from '../../../../plugins/monitoring/port.ts';

interface Row extends Told {
  readonly message: string;
  readonly createdAt: number;
  readonly heldUntil: number;
  readonly asked: number;
}

interface Tables {
  ledger: Ledger;
  readonly incidents: Map<number, { readonly record: IncidentRecord; readonly dueAt: number | null }>;
  readonly signals: Map<string, number>;
  readonly timeline: Map<number, Entry[]>;
  readonly silences: Map<string, { readonly silence: Silence; readonly key: string | null }>;
  readonly overrides: Map<string, StoredOverride>;
  readonly messages: Map<string, { readonly receipt: string | null; readonly toldAt: number | null }>;
  readonly tellings: Map<string, Row>;
}

/** A map whose changes can be taken back. */
class Undoable<K, V> extends Map<K, V> {
  #undo: (() => void)[] = [];
  override set(key: K, value: V): this {
    const [had, before] = [this.has(key), this.get(key)];
    this.#undo?.push(() => void (had ? super.set(key, before as V) : super.delete(key)));
    return super.set(key, value);
  }
  override delete(key: K): boolean {
    const before = this.get(key);
    if (this.has(key)) this.#undo.push(() => void super.set(key, before as V));
    return super.delete(key);
  }
  commit(): void {
    this.#undo.length = 0;
  }
  rollback(): void {
    for (const undo of this.#undo.splice(0).toReversed()) undo();
  }
}

export interface MemoryStore extends Store {
  /** All tellings that there ever were. */
  tellings(): readonly Row[];
  records(): readonly IncidentRecord[];
}

/**
 * The store's contract in memory, as the one in PostgreSQL keeps it: a transaction that fails leaves nothing. `onCommit` may throw before
 * or after the changes are kept, as a crash would.
 */
export function createMemoryStore({ editEveryMs, onCommit }: { editEveryMs: number; onCommit?: (when: 'before' | 'after') => void }): MemoryStore {
  const tables: Tables = {
    ledger: { lookedAt: 0, lastNumber: 0, lastSilence: 0 },
    incidents: new Undoable(),
    signals: new Undoable(),
    timeline: new Undoable(),
    silences: new Undoable(),
    overrides: new Undoable(),
    messages: new Undoable(),
    tellings: new Undoable(),
  };
  const all = (Object.values(tables) as unknown[]).filter((table): table is Undoable<unknown, unknown> => table instanceof Undoable);
  const desktop = desktopOf(tables, editEveryMs);
  const read = readerOf(tables);
  return {
    ...read,
    tellings: () => [...tables.tellings.values()],
    records: () => [...tables.incidents.values()].map(({ record }) => record),
    async transaction(work) {
      const { ledger } = tables;
      try {
        const result = await work(desktop);
        onCommit?.('before');
        for (const table of all) table.commit();
        onCommit?.('after');
        return result;
      } catch (error) {
        const wasKept = error instanceof Error && error.message === 'crash after';
        if (!wasKept) {
          for (const table of all) table.rollback();
          tables.ledger = ledger;
        }
        throw error;
      }
    },
  };
}

const byNumber = (a: IncidentRecord, b: IncidentRecord): number => a.number - b.number;

function addEntries(tables: Tables, number: number, entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const before = tables.timeline.get(number) ?? [];
  const keys = new Set(before.flatMap(({ key }) => key ?? []));
  tables.timeline.set(number, [...before, ...entries.filter(({ key }) => key === undefined || !keys.has(key))]);
}

function desktopOf(tables: Tables, editEveryMs: number): Desktop {
  const records = (): readonly IncidentRecord[] => [...tables.incidents.values()].map(({ record }) => record);
  return {
    ledger: async () => tables.ledger,
    saveLedger: async (ledger) => void (tables.ledger = ledger),
    incident: async (number) => tables.incidents.get(number)?.record,
    concerned: async ({ keys, roots, resolvedSince }) => {
      const numbers = new Set(keys.flatMap((key) => tables.signals.get(key) ?? []));
      const wanted = (record: IncidentRecord): boolean =>
        numbers.has(record.number) || (roots.includes(record.root) && (record.resolvedAt === null || record.resolvedAt > resolvedSince));
      return records().filter(wanted).toSorted(byNumber);
    },
    due: async (now, rowsMax) =>
      [...tables.incidents.values()]
        .filter(({ dueAt }) => dueAt !== null && dueAt <= now)
        .toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || byNumber(a.record, b.record))
        .slice(0, rowsMax)
        .map(({ record }) => record),
    open: async (rowsMax) => records().filter(({ state }) => state !== 'resolved').toSorted(byNumber).slice(0, rowsMax),
    async save(drafts, dueAt) {
      for (const { record, entries } of drafts) {
        tables.incidents.set(record.number, { record, dueAt: dueAt(record) });
        if (record.state !== 'resolved') for (const { signal } of record.signals) tables.signals.set(signal.key, record.number);
        addEntries(tables, record.number, entries);
      }
    },
    silences: async () => [...tables.silences.values()].flatMap(({ silence }) => (silence.state === 'ended' ? [] : [silence])),
    saveSilence: async (silence, key) =>
      void tables.silences.set(silence.id, { silence, key: key ?? tables.silences.get(silence.id)?.key ?? null }),
    silenceByKey: async (key) => [...tables.silences.values()].find((each) => each.key === key)?.silence,
    overrides: async (since) => [...tables.overrides.values()].filter(({ to }) => to > since),
    saveOverride: async (override) => void tables.overrides.set(override.id, override),
    async shift(byMs) {
      for (const [id, row] of tables.tellings) {
        if (row.state !== 'waiting') continue;
        const moved = { dueAt: row.dueAt + byMs, heldUntil: Math.max(0, row.heldUntil + byMs), createdAt: row.createdAt + byMs };
        tables.tellings.set(id, { ...row, ...moved });
      }
      for (const [key, row] of tables.messages) if (row.toldAt !== null) tables.messages.set(key, { ...row, toldAt: row.toldAt + byMs });
    },
    ...tellingTables(tables, editEveryMs),
  };
}

function tellingTables(tables: Tables, editEveryMs: number): Pick<Desktop, 'tell' | 'claim' | 'finish'> {
  const insert = (telling: Telling, now: number): void => {
    const key = messageKey(telling);
    if (!tables.messages.has(key)) tables.messages.set(key, { receipt: null, toldAt: null });
    const known = tables.tellings.get(telling.id);
    if (known && telling.why !== 'changed') return;
    const ended = { attempts: 0, endedAt: null, receipt: null, reason: null };
    const fresh = { ...telling, ...ended, message: key, state: 'waiting' as const, createdAt: now, heldUntil: known?.heldUntil ?? 0, asked: 1 };
    if (telling.why !== 'changed') return void tables.tellings.set(telling.id, fresh);
    const dueAt = Math.max(telling.dueAt, (tables.messages.get(key)?.toldAt ?? 0) + editEveryMs);
    const isWaiting = known?.state === 'waiting';
    const again = { asked: (known?.asked ?? 0) + 1, dueAt: isWaiting ? Math.min(known.dueAt, dueAt) : dueAt };
    tables.tellings.set(telling.id, { ...fresh, ...again, createdAt: isWaiting ? known.createdAt : now });
  };
  return {
    async tell(tellings, now) {
      for (const telling of tellings) insert(telling, now);
    },
    async claim(now, { until, rowsMax }) {
      const waiting = [...tables.tellings.values()].filter(({ state }) => state === 'waiting');
      const changesLast = waiting.toSorted((a, b) => Number(a.why === 'changed') - Number(b.why === 'changed'));
      const next = new Map<string, Row>();
      for (const row of changesLast) if (!next.has(row.message)) next.set(row.message, row);
      const mine = [...next.values()].filter(({ dueAt, heldUntil }) => dueAt <= now && heldUntil <= now).slice(0, rowsMax);
      return mine.map((row): Claimed => {
        const held = { ...row, heldUntil: until, attempts: row.attempts + 1 };
        tables.tellings.set(row.id, held);
        return { ...held, receipt: tables.messages.get(row.message)?.receipt ?? null };
      });
    },
    async finish(claimed, end, now) {
      const row = tables.tellings.get(claimed.id);
      if (!row || row.state !== 'waiting') return;
      if (end.is === 'again') return void tables.tellings.set(row.id, { ...row, dueAt: end.dueAt, heldUntil: 0, reason: end.reason });
      const receipt = end.is === 'taken' ? end.receipt : null;
      const isLast = row.asked === claimed.asked;
      const rest = isLast ? { state: end.is, endedAt: now } : { dueAt: Math.max(row.dueAt, now + editEveryMs) };
      tables.tellings.set(row.id, { ...row, heldUntil: 0, receipt, reason: 'reason' in end ? end.reason : null, ...rest });
      if (receipt !== null) tables.messages.set(row.message, { receipt, toldAt: now });
      const entry = claimed.why === 'changed' ? undefined : entryOfEnd(claimed, end, now);
      if (entry && 'incident' in claimed.about) addEntries(tables, claimed.about.incident, [entry]);
    },
  };
}

function readerOf(tables: Tables): Omit<Store, 'transaction'> {
  return {
    get: async (number) => tables.incidents.get(number)?.record,
    list: async ({ states, rowsMax }) =>
      [...tables.incidents.values()].flatMap(({ record }) => (!states || states.includes(record.state) ? [record] : [])).slice(0, rowsMax),
    timeline: async (number) => tables.timeline.get(number) ?? [],
    told: async (number) => [...tables.tellings.values()].filter(({ about }) => 'incident' in about && about.incident === number),
    silence: async (id) => tables.silences.get(id)?.silence,
    silences: async () => [...tables.silences.values()].map(({ silence }) => silence),
    overrides: async (since) => [...tables.overrides.values()].filter(({ to }) => to > since),
    async nextDue() {
      const dues = [
        ...[...tables.incidents.values()].flatMap(({ dueAt }) => dueAt ?? []),
        ...[...tables.tellings.values()].flatMap(({ state, dueAt, heldUntil }) => (state === 'waiting' ? Math.max(dueAt, heldUntil) : [])),
        ...[...tables.silences.values()].flatMap(({ silence: { state, startsAt, endsAt } }) =>
          state === 'active' ? endsAt : state === 'pending' ? startsAt : [],
        ),
      ];
      return dues.length === 0 ? null : Math.min(...dues);
    },
    forget: async () => 0,
    rulesSeen: async () => [],
  };
}
