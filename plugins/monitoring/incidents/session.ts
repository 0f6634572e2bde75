import { advance, dueAt, shiftWaits, tellChanges } from './advance.ts';
import { draftOf, type Circumstances, type Draft, type IncidentRecord } from './record.ts';
import type { Desktop, Ledger } from './store.ts';

const OPEN_MAX = 10_000;
/** So much backwards is a clock that is being adjusted, not one that was set. */
const SET_BACK_MS = 1_000;

/** One transaction of the desk. */
export interface Session {
  readonly desktop: Desktop;
  readonly at: Circumstances;
  ledger: Ledger;
  readonly changed: IncidentRecord[];
}

/** Keeps what came of the drafts, once time has had its say too. */
export async function settleDrafts(session: Session, drafts: readonly Draft[]): Promise<void> {
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
export async function keepPace(desktop: Desktop, at: Circumstances, hub: string): Promise<Ledger> {
  const ledger = await desktop.ledger();
  const byMs = at.now - ledger.lookedAt;
  if (ledger.lookedAt > 0 && ledger.lookedBy === hub && byMs < -SET_BACK_MS) {
    const drafts = (await desktop.open(OPEN_MAX)).map(draftOf);
    for (const draft of drafts) shiftWaits(draft, byMs);
    await desktop.save(drafts, (record) => dueAt(record, at));
    await desktop.shift(byMs);
  }
  const next = { ...ledger, lookedAt: at.now, lookedBy: hub };
  await desktop.saveLedger(next);
  return next;
}

/** All open incidents are looked at anew: a silence began or ended. */
export async function reviewAll(session: Session): Promise<void> {
  const drafts = (await session.desktop.open(OPEN_MAX)).map(draftOf);
  for (const draft of drafts) draft.isChanged = true;
  await settleDrafts(session, drafts);
}
