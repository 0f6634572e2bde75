import { HubError, type Clock } from 'novacron/plugin';
import type { Signal, Silence } from '../port.ts';
import { advance, dueAt, shiftWaits, tellChanges } from './advance.ts';
import { decide, type Decision } from './decisions.ts';
import type { Policy } from './policy.ts';
import { receive } from './receive.ts';
import { draftOf, incidentId, rootOf, type Circumstances, type Draft, type IncidentRecord, type Telling, type Topology } from './record.ts';
import { silenceAddressees, stateAt } from './silences.ts';
import type { Desktop, Ledger, Store, StoredOverride } from './store.ts';

export interface DeskOptions {
  readonly store: Store;
  readonly policy: Policy;
  readonly topology: Topology;
  readonly clock: Clock;
  /** After it is kept: what changed. */
  onChange(records: readonly IncidentRecord[]): void;
}

export type NewSilence = Pick<Silence, 'match' | 'incident' | 'tenant' | 'owner' | 'reason' | 'startsAt' | 'endsAt'> & {
  /** The same again is the same silence. */
  readonly key: string;
};

/** Where incidents are handled: each call is one transaction, and what must be told is kept in the same one. */
export interface Desk {
  raise(signals: readonly Signal[]): Promise<void>;
  decide(number: number, decision: Decision, actor: string): Promise<IncidentRecord>;
  /** Does what time alone asks for. */
  look(): Promise<void>;
  silence(silence: NewSilence): Promise<Silence>;
  endSilence(id: string): Promise<Silence>;
  override(override: StoredOverride): Promise<void>;
}

const OPEN_MAX = 10_000;
const DUE_ROWS = 500;
/** So much backwards is a clock that is being adjusted, not one that was set. */
const SET_BACK_MS = 1_000;
const DAY_MS = 86_400_000;

interface Session {
  readonly desktop: Desktop;
  readonly at: Circumstances;
  ledger: Ledger;
  readonly changed: IncidentRecord[];
}

/** Keeps what came of the drafts, once time has had its say too. */
async function settleDrafts(session: Session, drafts: readonly Draft[]): Promise<void> {
  const { desktop, at } = session;
  for (const draft of drafts) {
    const before = draft.record.version;
    if (draft.isChanged) advance(draft, at);
    if (draft.entries.length > 0 || draft.record.version !== before) tellChanges(draft, at);
  }
  const changed = drafts.filter((draft) => draft.isChanged);
  if (changed.length === 0) return;
  await desktop.save(changed, (record) => dueAt(record, at));
  await desktop.tell(
    changed.flatMap(({ tellings }) => tellings),
    at.now,
  );
  session.changed.push(...changed.map(({ record }) => record));
}

/** After the clock was set back, waits go on as if it had not been. */
async function keepPace(desktop: Desktop, at: Circumstances): Promise<Ledger> {
  const ledger = await desktop.ledger();
  const byMs = at.now - ledger.lookedAt;
  if (ledger.lookedAt > 0 && byMs < -SET_BACK_MS) {
    const drafts = (await desktop.open(OPEN_MAX)).map(draftOf);
    for (const draft of drafts) shiftWaits(draft, byMs);
    await desktop.save(drafts, (record) => dueAt(record, at));
    await desktop.shift(byMs);
  }
  const next = { ...ledger, lookedAt: at.now };
  await desktop.saveLedger(next);
  return next;
}

/** All open incidents are looked at anew: a silence began or ended. */
async function reviewAll(session: Session): Promise<void> {
  const drafts = (await session.desktop.open(OPEN_MAX)).map(draftOf);
  for (const draft of drafts) draft.isChanged = true;
  await settleDrafts(session, drafts);
}

function silenceTellings(silence: Silence, at: Circumstances, record: IncidentRecord | undefined): readonly Telling[] {
  return silenceAddressees(silence, at, record?.audience ?? []).map(({ channel, to, person }) => ({
    id: `${silence.id}/${silence.state}/${channel}/${to}`,
    about: { silence: silence.id },
    why: 'silenced',
    channel,
    to,
    person,
    dueAt: at.now,
  }));
}

const numberOf = (id: string): number => Number(id.slice(4));

/** Begins and ends silences whose time has come; answers those that go on. */
async function turnSilences(desktop: Desktop, at: Circumstances): Promise<{ silences: readonly Silence[]; turned: boolean }> {
  let turned = false;
  const silences: Silence[] = [];
  for (const silence of at.silences) {
    const record = silence.incident === null ? undefined : await desktop.incident(numberOf(silence.incident));
    const state = record?.state === 'resolved' ? 'ended' : stateAt(silence, at.now);
    if (state !== 'ended') silences.push({ ...silence, state });
    if (state === silence.state) continue;
    turned = true;
    const next = { ...silence, state, endsAt: state === 'ended' ? Math.min(silence.endsAt, at.now) : silence.endsAt };
    await desktop.saveSilence(next);
    // One that was never active while the hub ran has hidden nothing.
    if (silence.state === 'active' || state === 'active') await desktop.tell(silenceTellings(next, at, record), at.now);
  }
  return { silences, turned };
}

export function createDesk({ store, policy, topology, clock, onChange }: DeskOptions): Desk {
  async function inSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const changed: IncidentRecord[] = [];
    const result = await store.transaction(async (desktop) => {
      const now = clock.now();
      const overrides = await desktop.overrides(now - DAY_MS);
      const before = { now, policy, overrides, silences: await desktop.silences() };
      const ledger = await keepPace(desktop, before);
      const { silences, turned } = await turnSilences(desktop, before);
      const session: Session = { desktop, at: { ...before, silences }, ledger, changed };
      if (turned) await reviewAll(session);
      const done = await work(session);
      const ended = new Set(changed.filter(({ state }) => state === 'resolved').map(({ number }) => incidentId(number)));
      if (silences.some(({ incident }) => incident !== null && ended.has(incident))) await turnSilences(desktop, session.at);
      return done;
    });
    if (changed.length > 0) onChange(changed);
    return result;
  }

  /** The roots of all incidents that a signal may go to. */
  const rootsOf = (signal: Signal): readonly string[] => [
    rootOf(signal.subject),
    ...topology.parentsOf(signal.subject),
    ...(signal.takesDown === true ? topology.childrenOf(signal.subject) : []),
  ];

  async function draftFor(session: Session, number: number): Promise<Draft> {
    const record = await session.desktop.incident(number);
    if (record) return draftOf(record);
    throw new HubError('incident_unknown', `There is no incident '${incidentId(number)}'.`, { status: 404 });
  }

  return {
    raise: (signals) =>
      inSession(async (session) => {
        const { desktop, at } = session;
        const roots = [...new Set(signals.flatMap(rootsOf))];
        const concern = { keys: signals.map(({ key }) => key), roots, resolvedSince: at.now - policy.reopenMs };
        const drafts = (await desktop.concerned(concern)).map(draftOf);
        let { lastNumber } = session.ledger;
        receive(signals, { drafts, topology, nextNumber: () => (lastNumber += 1), at });
        if (lastNumber !== session.ledger.lastNumber) await desktop.saveLedger({ ...session.ledger, lastNumber });
        await settleDrafts(session, drafts);
      }),

    decide: (number, decision, actor) =>
      inSession(async (session) => {
        const draft = await draftFor(session, number);
        decide(draft, decision, { actor, at: session.at });
        await settleDrafts(session, [draft]);
        return draft.record;
      }),

    look: () =>
      inSession(async (session) => {
        for (;;) {
          const drafts = (await session.desktop.due(session.at.now, DUE_ROWS)).map(draftOf);
          // Saved even when nothing came of it, so that the next instant is a later one.
          for (const draft of drafts) draft.isChanged = true;
          await settleDrafts(session, drafts);
          if (drafts.length < DUE_ROWS) return;
        }
      }),

    silence: ({ key, ...fields }) =>
      inSession(async (session) => {
        const { desktop, at } = session;
        const known = await desktop.silenceByKey(key);
        if (known) return known;
        const lastSilence = session.ledger.lastSilence + 1;
        await desktop.saveLedger({ ...session.ledger, lastSilence });
        const silence: Silence = { ...fields, id: `SIL-${lastSilence}`, state: 'pending' };
        await desktop.saveSilence(silence, key);
        const { silences, turned } = await turnSilences(desktop, { ...at, silences: [silence] });
        if (turned) await reviewAll({ ...session, at: { ...at, silences: [...at.silences, ...silences] } });
        return silences[0] ?? silence;
      }),

    endSilence: (id) =>
      inSession(async (session) => {
        const { desktop, at } = session;
        const silence = at.silences.find((each) => each.id === id);
        if (!silence) throw new HubError('silence_unknown', `There is no silence '${id}' that has not ended.`, { status: 404 });
        const ended: Silence = { ...silence, state: 'ended', endsAt: Math.min(silence.endsAt, at.now) };
        await desktop.saveSilence(ended);
        const record = silence.incident === null ? undefined : await desktop.incident(numberOf(silence.incident));
        if (silence.state === 'active') await desktop.tell(silenceTellings(ended, at, record), at.now);
        await reviewAll({ ...session, at: { ...at, silences: at.silences.filter((each) => each !== silence) } });
        return ended;
      }),

    override: (override) => inSession(({ desktop }) => desktop.saveOverride(override)),
  };
}
