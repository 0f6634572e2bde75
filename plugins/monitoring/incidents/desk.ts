import { HubError, type Clock, type Duty } from 'novacron/plugin';
import type { Signal, Silence } from '../port.ts';
import { decide, type Decision } from './decisions.ts';
import type { Policy } from './policy.ts';
import { receive } from './receive.ts';
import { draftOf, incidentId, rootOf, type Draft, type IncidentRecord, type Topology } from './record.ts';
import { keepPace, reviewAll, settleDrafts, type Session } from './session.ts';
import { beginSilence, endSilence, turnSilences, type NewSilence } from './silence-desk.ts';
import type { Store, StoredOverride } from './store.ts';
import { hurryTracks } from './tracks.ts';

export interface DeskOptions {
  readonly store: Store;
  readonly policy: Policy;
  readonly topology: Topology;
  readonly clock: Clock;
  /** Id of this hub among those on the database. */
  readonly hub: string;
  /** After it is kept: what changed. */
  onChange(records: readonly IncidentRecord[]): void;
}

/** Where incidents are handled: each call is one transaction, and what must be told is kept in the same one. */
export interface Desk {
  /** Nothing is done when the fence says that it is another hub's duty. */
  raise(signals: readonly Signal[], fence?: Duty['fence']): Promise<void>;
  decide(number: number, decision: Decision, actor: string): Promise<IncidentRecord>;
  /** Does what time alone asks for. */
  look(): Promise<void>;
  /** Somebody could not be told at all: what would follow need not wait. */
  hurry(number: number): Promise<void>;
  silence(silence: NewSilence): Promise<Silence>;
  endSilence(id: string): Promise<Silence>;
  override(override: StoredOverride): Promise<void>;
}

const DUE_ROWS = 500;
/** What is left is due at the next look. */
const ROUNDS_MAX = 100;
const DAY_MS = 86_400_000;

/** A silence of one incident ends with it. */
async function endWithIncidents({ desktop, at, changed }: Session): Promise<void> {
  const ended = new Set(changed.filter(({ state }) => state === 'resolved').map(({ number }) => incidentId(number)));
  if (at.silences.some(({ incident }) => incident !== null && ended.has(incident))) await turnSilences(desktop, at);
}

/** The roots of all incidents that a signal may go to. */
const rootsOf = (signal: Signal, topology: Topology): readonly string[] => [
  rootOf(signal.subject),
  ...topology.parentsOf(signal.subject),
  ...(signal.takesDown === true ? topology.childrenOf(signal.subject) : []),
];

async function raise(session: Session, signals: readonly Signal[], topology: Topology): Promise<void> {
  const { desktop, at, ledger } = session;
  const roots = [...new Set(signals.flatMap((signal) => rootsOf(signal, topology)))];
  const concern = { keys: signals.map(({ key }) => key), roots, resolvedSince: at.now - at.policy.reopenMs };
  const drafts = (await desktop.concerned(concern)).map(draftOf);
  let { lastNumber } = ledger;
  receive(signals, { drafts, topology, nextNumber: () => (lastNumber += 1), at });
  if (lastNumber !== ledger.lastNumber) await desktop.saveLedger({ ...ledger, lastNumber });
  await settleDrafts(session, drafts);
}

async function lookAround(session: Session): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const drafts = (await session.desktop.due(session.at.now, DUE_ROWS)).map(draftOf);
    // Saved even when nothing came of it, so that the next instant is a later one.
    for (const draft of drafts) draft.isChanged = true;
    await settleDrafts(session, drafts);
    if (drafts.length < DUE_ROWS) return;
  }
}

async function draftFor({ desktop }: Session, number: number): Promise<Draft> {
  const record = await desktop.incident(number);
  if (record) return draftOf(record);
  throw new HubError('incident_unknown', `There is no incident '${incidentId(number)}'.`, { status: 404 });
}

export function createDesk({ store, policy, topology, clock, hub, onChange }: DeskOptions): Desk {
  async function inSession<T>(work: (session: Session) => Promise<T>, fence?: Duty['fence']): Promise<T> {
    const changed: IncidentRecord[] = [];
    const result = await store.transaction(async (desktop) => {
      const now = clock.now();
      const overrides = await desktop.overrides(now - DAY_MS);
      const before = { now, policy, overrides, silences: await desktop.silences() };
      const ledger = await keepPace(desktop, before, hub);
      const { silences, turned } = await turnSilences(desktop, before);
      const session: Session = { desktop, at: { ...before, silences }, ledger, changed };
      if (turned) await reviewAll(session);
      const done = await work(session);
      await endWithIncidents(session);
      return done;
    }, fence);
    if (changed.length > 0) onChange(changed);
    return result;
  }
  return {
    raise: (signals, fence) => inSession((session) => raise(session, signals, topology), fence),
    decide: (number, decision, actor) =>
      inSession(async (session) => {
        const draft = await draftFor(session, number);
        decide(draft, decision, { actor, at: session.at });
        await settleDrafts(session, [draft]);
        return draft.record;
      }),
    look: () => inSession(lookAround),
    hurry: (number) =>
      inSession(async (session) => {
        const draft = await draftFor(session, number);
        hurryTracks(draft, session.at);
        await settleDrafts(session, [draft]);
      }),
    silence: (silence) => inSession((session) => beginSilence(session, silence)),
    endSilence: (id) => inSession((session) => endSilence(session, id)),
    override: (override) => inSession(({ desktop }) => desktop.saveOverride(override)),
  };
}
