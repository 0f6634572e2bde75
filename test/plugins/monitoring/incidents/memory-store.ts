import { entryOfEnd, messageKey } from '../../../../plugins/monitoring/incidents/tellings.ts';
import type { Entry, IncidentRecord, Telling } from '../../../../plugins/monitoring/incidents/record.ts';
import type { Claimed, Desktop, Ledger, Store, StoredOverride, Told } from '../../../../plugins/monitoring/incidents/store.ts';
import type { Silence } from '../../../../plugins/monitoring/port.ts';

interface Row extends Told {
  readonly message: string;
  readonly createdAt: number;
  readonly heldUntil: number;
  readonly asked: number;
  readonly seq: number;
}

interface Tables {
  ledger: Ledger;
  readonly incidents: Map<number, { readonly record: IncidentRecord; readonly dueAt: number | null }>;
  readonly signals: Map<string, number>;
  /** By `<incident>/<key or running number>`. */
  readonly timeline: Map<string, Entry>;
  readonly silences: Map<string, { readonly silence: Silence; readonly key: string | null }>;
  readonly overrides: Map<string, StoredOverride>;
  readonly messages: Map<string, { readonly receipt: string | null; readonly toldAt: number | null }>;
  readonly tellings: Map<string, Row>;
  /** Those of them that wait. */
  readonly waiting: Map<string, Row>;
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
export function createMemoryStore({
  editEveryMs,
  onCommit,
}: {
  editEveryMs: number;
  onCommit?: (when: 'before' | 'after') => void;
}): MemoryStore {
  const tables: Tables = {
    ledger: { lookedAt: 0, lookedBy: null, lastNumber: 0, lastSilence: 0 },
    incidents: new Undoable(),
    signals: new Undoable(),
    timeline: new Undoable(),
    silences: new Undoable(),
    overrides: new Undoable(),
    messages: new Undoable(),
    tellings: new Undoable(),
    waiting: new Undoable(),
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
  for (const entry of entries) {
    const key = `${number}/${entry.key ?? tables.timeline.size}`;
    if (!tables.timeline.has(key)) tables.timeline.set(key, entry);
  }
}

function putTelling(tables: Tables, row: Row): void {
  tables.tellings.set(row.id, row);
  if (row.state === 'waiting') tables.waiting.set(row.id, row);
  else tables.waiting.delete(row.id);
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
    open: async (rowsMax) =>
      records()
        .filter(({ state }) => state !== 'resolved')
        .toSorted(byNumber)
        .slice(0, rowsMax),
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
      for (const row of tables.waiting.values()) {
        const moved = { dueAt: row.dueAt + byMs, heldUntil: Math.max(0, row.heldUntil + byMs), createdAt: row.createdAt + byMs };
        putTelling(tables, { ...row, ...moved });
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
    const fresh = {
      ...telling,
      ...ended,
      message: key,
      state: 'waiting' as const,
      createdAt: now,
      heldUntil: known?.heldUntil ?? 0,
      asked: 1,
      seq: known?.seq ?? tables.tellings.size,
    };
    if (telling.why !== 'changed') return putTelling(tables, fresh);
    const dueAt = Math.max(telling.dueAt, (tables.messages.get(key)?.toldAt ?? 0) + editEveryMs);
    const isWaiting = known?.state === 'waiting';
    const again = { asked: (known?.asked ?? 0) + 1, dueAt: isWaiting ? Math.min(known.dueAt, dueAt) : dueAt };
    putTelling(tables, { ...fresh, ...again, createdAt: isWaiting ? known.createdAt : now });
  };
  return {
    async tell(tellings, now) {
      for (const telling of tellings) insert(telling, now);
    },
    async claim(now, { until, rowsMax, channels, givenUpBefore }) {
      const order = [...tables.waiting.values()].toSorted(
        (a, b) => Number(a.why === 'changed') - Number(b.why === 'changed') || a.seq - b.seq,
      );
      const next = new Map<string, Row>();
      for (const row of order) if (!next.has(row.message)) next.set(row.message, row);
      const mine = [...next.values()]
        .filter(({ dueAt, heldUntil }) => dueAt <= now && heldUntil <= now)
        .filter(({ channel, createdAt }) => channels.includes(channel) || createdAt < givenUpBefore)
        .slice(0, rowsMax);
      return mine.map((row): Claimed => {
        const held = { ...row, heldUntil: until, attempts: row.attempts + 1 };
        putTelling(tables, held);
        return { ...held, receipt: tables.messages.get(row.message)?.receipt ?? null };
      });
    },
    async finish(claimed, end, now) {
      const row = tables.tellings.get(claimed.id);
      if (!row || row.state !== 'waiting') return;
      const anew = end.is === 'again' && end.held === true ? { createdAt: now } : {};
      if (end.is === 'again') return putTelling(tables, { ...row, ...anew, dueAt: end.dueAt, heldUntil: 0, reason: end.reason });
      const receipt = end.is === 'taken' ? end.receipt : null;
      const isLast = row.asked === claimed.asked;
      const rest = isLast ? { state: end.is, endedAt: now } : { dueAt: Math.max(row.dueAt, now + editEveryMs) };
      putTelling(tables, { ...row, heldUntil: 0, receipt, reason: 'reason' in end ? end.reason : null, ...rest });
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
    timeline: async (number) => [...tables.timeline].flatMap(([key, entry]) => (key.startsWith(`${number}/`) ? [entry] : [])),
    told: async (number) => [...tables.tellings.values()].filter(({ about }) => 'incident' in about && about.incident === number),
    silence: async (id) => tables.silences.get(id)?.silence,
    silences: async () => [...tables.silences.values()].map(({ silence }) => silence),
    overrides: async (since) => [...tables.overrides.values()].filter(({ to }) => to > since),
    async nextDue() {
      let due = Infinity;
      const see = (at: number | null): void => void (at !== null && at < due && (due = at));
      for (const { dueAt } of tables.incidents.values()) see(dueAt);
      for (const { dueAt, heldUntil } of tables.waiting.values()) see(Math.max(dueAt, heldUntil));
      for (const { silence } of tables.silences.values())
        see(silence.state === 'active' ? silence.endsAt : silence.state === 'pending' ? silence.startsAt : null);
      return due === Infinity ? null : due;
    },
    late: async () => [],
    forget: async () => 0,
    rulesSeen: async () => [],
  };
}
