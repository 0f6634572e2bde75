import type { Signal } from '../port.ts';
import { flipsOf, resolve, settle } from './advance.ts';
import {
  change,
  draftOf,
  firingIn,
  incidentId,
  isOpen,
  note,
  rootOf,
  touch,
  type Circumstances,
  type Draft,
  type Entry,
  type HeldSignal,
  type IncidentRecord,
  type Topology,
} from './record.ts';
import { summarize, TITLE_LENGTH_MAX } from './summary.ts';
import { beginLap, extendTracks } from './tracks.ts';

/** Signals of one incident; what comes beyond is not kept, though its incident tells that there is more. */
const SIGNALS_MAX = 500;
const FLIPS_MAX = 50;
/** Figures of a signal that goes on are written no oftener than this. */
const REFRESH_MS = 60_000;

/** The incidents that a batch of signals may be about, and how to number new ones. */
export interface Intake {
  readonly drafts: Draft[];
  readonly topology: Topology;
  nextNumber(): number;
}

export type World = Intake & { readonly at: Circumstances };

const holds = (draft: Draft, key: string): HeldSignal | undefined => draft.record.signals.find(({ signal }) => signal.key === key);
const holdsKey = ({ signals }: IncidentRecord, key: string): boolean => signals.some(({ signal }) => signal.key === key);

const takesDown = ({ record }: Draft): boolean =>
  firingIn(record).some((signal) => signal.takesDown === true && rootOf(signal.subject) === record.root);

function put(draft: Draft, held: HeldSignal): void {
  const { signals } = draft.record;
  const index = signals.findIndex(({ signal }) => signal.key === held.signal.key);
  if (index < 0 && signals.length >= SIGNALS_MAX) return;
  change(draft, { signals: index < 0 ? [...signals, held] : signals.with(index, held) });
}

const aboutOf = ({ values, subject }: Signal): Pick<Entry, 'values' | 'tenant'> => ({ values, tenant: subject.tenant });

/** Of a signal that flaps the timeline has the first times: it could go on so for months. */
function tellOf(draft: Draft, { signal, flips, text }: { signal: Signal; flips: number; text: string }, at: Circumstances): void {
  if (flips <= at.policy.flapMax) note(draft, { at: at.now, kind: 'signal', text, ...aboutOf(signal) });
  else touch(draft);
}

/** A signal that begins to fire in an incident that is open. */
function join(draft: Draft, signal: Signal, world: World): void {
  const { at } = world;
  const before = holds(draft, signal.key);
  const flips = [...(before?.flips ?? []).filter((flip) => flip > at.now - at.policy.flapWindowMs), at.now].slice(-FLIPS_MAX);
  put(draft, { signal, flips, closed: false });
  change(draft, { quietAt: null });
  tellOf(draft, { signal, flips: flips.length, text: signal.summary }, at);
  summarize(draft, at);
  extendTracks(draft, at);
  if (takesDown(draft)) absorb(draft, world);
}

/** The incidents of what stands on a thing that went down become part of its own, unless they are old or somebody has them in hand. */
function absorb(draft: Draft, { drafts, topology, at }: World): void {
  const children = new Set(topology.childrenOf(draft.record.subject));
  const young = drafts.filter(
    ({ record }) =>
      record !== draft.record && children.has(record.root) && record.state === 'open' && record.openedAt > at.now - at.policy.joinMs,
  );
  for (const child of young) {
    for (const held of child.record.signals) put(draft, held);
    note(draft, {
      at: at.now,
      kind: 'signal',
      text: `${incidentId(child.record.number)} is part of this: ${child.record.title}`,
      tenant: child.record.tenant,
    });
    change(child, { mergedInto: draft.record.number });
    resolve(child, at, { text: `Part of ${incidentId(draft.record.number)} from now on: ${draft.record.title}` });
  }
  if (young.length > 0) extendTracks(draft, at);
}

function create(signal: Signal, world: World): Draft {
  const { severity, subject, summary } = signal;
  const record: IncidentRecord = {
    number: world.nextNumber(),
    root: rootOf(subject),
    title: summary.slice(0, TITLE_LENGTH_MAX),
    severity,
    state: 'open',
    tenant: subject.tenant,
    subject,
    openedAt: world.at.now,
    resolvedAt: null,
    acknowledgedBy: null,
    assignee: null,
    snoozedUntil: null,
    signals: [],
    version: 0,
    lap: 1,
    lapWhy: 'opened',
    tracks: [],
    audience: [],
    quietAt: null,
    silencedBy: null,
    mergedInto: null,
  };
  const draft = draftOf(record);
  world.drafts.push(draft);
  note(draft, { at: world.at.now, kind: 'opened', text: `${signal.rule.title}: opened.` });
  return draft;
}

function reopen(draft: Draft, world: World): void {
  // What a person had closed though it fires counts again, now that something else is wrong too.
  const signals = draft.record.signals.map((held) => ({ ...held, closed: false }));
  change(draft, { state: 'open', resolvedAt: null, acknowledgedBy: null, signals });
  note(draft, { at: world.at.now, kind: 'reopened', text: 'It is not good again, so soon after the end.' });
  beginLap(draft, 'reopened', world.at);
}

const isRecent = (record: IncidentRecord, { now, policy }: Circumstances): boolean =>
  !isOpen(record) && record.mergedInto === null && record.resolvedAt !== null && record.resolvedAt > now - policy.reopenMs;

/** Where a signal that begins to fire belongs: with a thing below it that is down, with its own thing, or with what ended just now. */
function homeOf(signal: Signal, world: World): Draft {
  const { drafts, topology, at } = world;
  const openAt = (root: string): Draft | undefined => drafts.find(({ record }) => record.root === root && isOpen(record));
  const down = topology
    .parentsOf(signal.subject)
    .map(openAt)
    .find((draft) => draft && takesDown(draft));
  const found = down ?? openAt(rootOf(signal.subject));
  if (found) return found;
  const recent = drafts.findLast(
    ({ record }) =>
      isRecent(record, at) && !openAt(record.root) && (record.root === rootOf(signal.subject) || holdsKey(record, signal.key)),
  );
  if (!recent) return create(signal, world);
  // What stands on a thing that was down may still find its way into the old incident; its root then stays what it was.
  put(recent, { signal, flips: holds(recent, signal.key)?.flips ?? [], closed: false });
  reopen(recent, world);
  return recent;
}

const goesOn = (draft: Draft, held: HeldSignal, { signal, world }: { signal: Signal; world: World }): void => {
  const before = held.signal;
  const isWorseOrBetter = before.severity !== signal.severity;
  const isStale =
    signal.at - before.at >= REFRESH_MS || signal.at < before.at || (signal.expiresAt ?? 0) - (before.expiresAt ?? 0) >= REFRESH_MS / 2;
  if (!isWorseOrBetter && !isStale) return;
  put(draft, { ...held, signal: { ...signal, since: before.since } });
  if (!isWorseOrBetter) return;
  note(draft, { at: world.at.now, kind: 'signal', text: `Now ${signal.severity}: ${signal.summary}`, ...aboutOf(signal) });
  summarize(draft, world.at);
  extendTracks(draft, world.at);
};

function fires(signal: Signal, world: World): void {
  const holders = world.drafts.filter((draft) => draft.record.mergedInto === null && holds(draft, signal.key));
  const open = holders.filter(({ record }) => isOpen(record));
  const holder = open.find((draft) => holds(draft, signal.key)?.signal.state === 'firing') ?? open.at(-1) ?? holders.at(-1);
  const held = holder && holds(holder, signal.key);
  if (held?.closed) return;
  if (holder && held && isOpen(holder.record)) {
    if (held.signal.state === 'firing') goesOn(holder, held, { signal, world });
    else join(holder, signal, world);
    return;
  }
  join(homeOf(signal, world), signal, world);
}

function ends(signal: Signal, { drafts, at }: World): void {
  for (const draft of drafts) {
    const held = holds(draft, signal.key);
    if (!held || held.signal.state === 'resolved' || draft.record.mergedInto !== null) continue;
    put(draft, { ...held, closed: false, signal: { ...held.signal, ...signal } });
    if (!isOpen(draft.record)) continue;
    tellOf(draft, { signal, flips: flipsOf(held, at), text: `Good again: ${signal.summary}` }, at);
    summarize(draft, at);
    settle(draft, at);
  }
}

/** Takes what was found out. Saying the same again changes nothing. */
export function receive(signals: readonly Signal[], world: World): void {
  for (const signal of signals) {
    if (signal.state === 'firing') fires(signal, world);
    else ends(signal, world);
  }
}
