import { HubError } from 'novacron/plugin';
import type { Silence } from '../port.ts';
import type { Circumstances, IncidentRecord, Telling } from './record.ts';
import { reviewAll, type Session } from './session.ts';
import { silenceAddressees, stateAt } from './silences.ts';
import type { Desktop } from './store.ts';

export type NewSilence = Pick<Silence, 'match' | 'incident' | 'tenant' | 'owner' | 'reason' | 'startsAt' | 'endsAt'> & {
  /** The same again is the same silence. */
  readonly key: string;
};

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
export async function turnSilences(desktop: Desktop, at: Circumstances): Promise<{ silences: readonly Silence[]; turned: boolean }> {
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

/** HubError `silence_unknown` for one that has ended. */
export async function endSilence({ desktop, at, ...rest }: Session, id: string): Promise<Silence> {
  const silence = at.silences.find((each) => each.id === id);
  if (!silence) throw new HubError('silence_unknown', `There is no silence '${id}' that has not ended.`, { status: 404 });
  const ended: Silence = { ...silence, state: 'ended', endsAt: Math.min(silence.endsAt, at.now) };
  await desktop.saveSilence(ended);
  const record = silence.incident === null ? undefined : await desktop.incident(numberOf(silence.incident));
  if (silence.state === 'active') await desktop.tell(silenceTellings(ended, at, record), at.now);
  await reviewAll({ ...rest, desktop, at: { ...at, silences: at.silences.filter((each) => each !== silence) } });
  return ended;
}

export async function beginSilence(session: Session, { key, ...fields }: NewSilence): Promise<Silence> {
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
}
