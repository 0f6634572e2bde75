import type { Duty } from 'novacron/plugin';
import type { Incident, IncidentState, Silence } from '../port.ts';
import type { Draft, Entry, IncidentRecord, Telling } from './record.ts';
import type { Override } from './rotations.ts';

/** Which incidents a batch of signals may be about. */
export interface Concern {
  readonly keys: readonly string[];
  readonly roots: readonly string[];
  /** Resolved ones by root only when they ended later than this. */
  readonly resolvedSince: number;
}

/** A telling that was claimed, with what its channel needs. */
export interface Claimed extends Telling {
  readonly attempts: number;
  readonly createdAt: number;
  /** The last receipt of the message. */
  readonly receipt: string | null;
  /** How often its state was asked for; a change that comes while it is told asks again. */
  readonly asked: number;
}

export type End =
  | { readonly is: 'taken'; readonly receipt: string }
  /** `held`: it was not tried this time, and has its whole day before it; an earlier try may have been taken all the same, so the tries still count. */
  | { readonly is: 'again'; readonly dueAt: number; readonly reason: string; readonly held?: true }
  | { readonly is: 'failed' | 'moot'; readonly reason: string };

/** How a telling stands, for `route explain` and `incident show`. */
export interface Told extends Telling {
  readonly state: 'waiting' | 'taken' | 'failed' | 'moot';
  readonly attempts: number;
  readonly endedAt: number | null;
  readonly receipt: string | null;
  readonly reason: string | null;
}

export interface StoredOverride extends Override {
  readonly id: string;
  readonly by: string;
}

/** Filter of `Incidents.list`, with the wall between tenants. */
export interface Query {
  readonly states?: readonly IncidentState[];
  readonly subject?: { readonly kind: string; readonly id: string };
  readonly from?: number;
  readonly to?: number;
  /** `null`: of all tenants. */
  readonly tenant: string | null;
  readonly rowsMax: number;
}

/** What holds for all incidents together. */
export interface Ledger {
  /** The instant of the last look at the clock; 0 before the first. */
  readonly lookedAt: number;
  /** The hub by whose clock that was: those of two hubs differ, and that is no clock that was set. */
  readonly lookedBy: string | null;
  readonly lastNumber: number;
  readonly lastSilence: number;
}

export interface Hold {
  readonly until: number;
  readonly rowsMax: number;
  /** Only of these channels, since the others are not here now; of any when they were made before `givenUpBefore`. */
  readonly channels: readonly string[];
  readonly givenUpBefore: number;
}

/** What one channel has not taken though it was tried. */
export interface Late {
  readonly channel: string;
  readonly count: number;
  /** Since when the oldest waits. */
  readonly since: number;
  /** Of the newest try. */
  readonly reason: string | null;
}

/** What is done to the tables in one go. */
export interface Desktop {
  ledger(): Promise<Ledger>;
  saveLedger(ledger: Ledger): Promise<void>;
  incident(number: number): Promise<IncidentRecord | undefined>;
  concerned(concern: Concern): Promise<readonly IncidentRecord[]>;
  due(now: number, rowsMax: number): Promise<readonly IncidentRecord[]>;
  open(rowsMax: number): Promise<readonly IncidentRecord[]>;
  save(drafts: readonly Draft[], dueAt: (record: IncidentRecord) => number | null): Promise<void>;
  /** Those that have not ended. */
  silences(): Promise<readonly Silence[]>;
  /** `key` of a new one: the same again is found by it. */
  saveSilence(silence: Silence, key?: string): Promise<void>;
  silenceByKey(key: string): Promise<Silence | undefined>;
  overrides(since: number): Promise<readonly StoredOverride[]>;
  saveOverride(override: StoredOverride): Promise<void>;
  tell(tellings: readonly Telling[], now: number): Promise<void>;
  /** The next due one of each message that nobody has in hand, the oldest first; it is this caller's until `until`. */
  claim(now: number, hold: Hold): Promise<readonly Claimed[]>;
  finish(claimed: Claimed, end: End, now: number): Promise<void>;
  /** After the clock was set back by so much. */
  shift(byMs: number): Promise<void>;
}

export interface Store {
  /** All or nothing, and one at a time over all hubs; nothing when the fence of a duty says so. */
  transaction<T>(work: (desktop: Desktop) => Promise<T>, fence?: Duty['fence']): Promise<T>;
  get(number: number): Promise<IncidentRecord | undefined>;
  list(query: Query): Promise<readonly IncidentRecord[]>;
  timeline(number: number): Promise<readonly Entry[]>;
  told(number: number): Promise<readonly Told[]>;
  silence(id: string): Promise<Silence | undefined>;
  silences(query: { readonly tenant: string | null; readonly withEnded: boolean; readonly rowsMax: number }): Promise<readonly Silence[]>;
  overrides(since: number): Promise<readonly StoredOverride[]>;
  /** When something is due next, and how much waits: for the loop and for health. */
  nextDue(): Promise<number | null>;
  /** Of what was to be told before then, mere changes apart. */
  late(before: number): Promise<readonly Late[]>;
  forget(before: number): Promise<number>;
  /** Rules that have spoken, the newest first. */
  rulesSeen(rowsMax: number): Promise<readonly Pick<Incident['signals'][number], 'rule' | 'severity' | 'subject' | 'labels'>[]>;
}
