import { defineService, type Json, type Picture, type Severity, type SuggestedAction, type Unit } from 'novacron/plugin';

export type { Severity, SuggestedAction };

/** What a signal is about: a thing of some resource kind, or a part of it. */
export interface Subject {
  /** Resource kind: `vm`, `host`, `report`, `hub`. */
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  /** Part of the thing: `vda`, `/var`. */
  readonly device?: string;
  /** `null`: belongs to no tenant, seen by all. */
  readonly tenant: string | null;
}

/**
 * One thing that is wrong, or not wrong any more. Whoever finds out says it each time it is looked at: saying the same twice changes nothing,
 * also after a restart.
 */
export interface Signal {
  /** What makes it the same thing again: `<rule>/<kind>/<id>[/<device>]`. At most 300 characters. */
  readonly key: string;
  readonly state: 'firing' | 'resolved';
  /** Id and title of the rule, or of what else speaks: `reports.failed`. */
  readonly rule: { readonly id: string; readonly title: string };
  readonly severity: Severity;
  readonly subject: Subject;
  /** Epoch milliseconds: when it was found out, and since when it is so. */
  readonly at: number;
  readonly since: number;
  /** A sentence with the figures: `Disk vda of web-1 is full in 5 h (between 4 h and 7 h).` */
  readonly summary: string;
  /** Figures by name, for the timeline: `{ usedRatio: 0.91 }`. */
  readonly values: Readonly<Record<string, number>>;
  readonly unit?: Unit;
  /** For routes and silences, beside `rule`, `severity`, `kind`, `name` and `tenant`, which they know anyway. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The likeliest first. */
  readonly actions?: readonly SuggestedAction[];
  /** The thing is down as a whole: signals about what stands on it (the VMs of a host) join its incident instead of making their own. */
  readonly takesDown?: boolean;
  /** Epoch milliseconds: from then on it counts as resolved unless it was said again. For sources that may fall silent. */
  readonly expiresAt?: number;
  /** What the picture under the message shows. Absent: none. */
  readonly chart?: { readonly metric: string; readonly targets: readonly string[]; readonly device?: string; readonly seconds: number };
}

export type IncidentState = 'open' | 'acknowledged' | 'snoozed' | 'resolved';

/** What people are told about: signals with one cause, grouped by topology. */
export interface Incident {
  /** Short and sayable: `INC-42`. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly state: IncidentState;
  readonly tenant: string | null;
  /** The thing at the root: a dead host rather than its VMs. */
  readonly subject: Subject;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  /** User who took it, and user it was given to. */
  readonly acknowledgedBy: string | null;
  readonly assignee: string | null;
  readonly snoozedUntil: number | null;
  /** Id of the silence that keeps it quiet. */
  readonly silencedBy: string | null;
  /** Id of the incident that it became a part of: that of a host which went down. */
  readonly partOf: string | null;
  /** All is good now, but it was not for long so often that it is not believed yet. */
  readonly isFlapping: boolean;
  /** Newest state of each of its signals. */
  readonly signals: readonly Signal[];
  readonly actions: readonly SuggestedAction[];
}

/** What happened to an incident, oldest first; `text` is a sentence. */
export interface TimelineEntry {
  readonly at: number;
  readonly kind:
    | 'opened'
    | 'signal'
    | 'acknowledged'
    | 'assigned'
    | 'snoozed'
    | 'silenced'
    | 'escalated'
    | 'told'
    | 'action'
    | 'note'
    | 'resolved'
    | 'reopened';
  readonly text: string;
  readonly actor: string | null;
  readonly values: Readonly<Record<string, number>>;
}

/** Incidents that nobody is told about for a while, by whom and why. */
export interface Silence {
  /** `SIL-7` */
  readonly id: string;
  /** All must fit: `severity=warning`, `name=web-*`, `kind!=host`. Empty only with `incident`. */
  readonly match: readonly string[];
  /** Only this incident; such a silence ends when it resolves. */
  readonly incident: string | null;
  /** Only signals of this tenant; `null`: of all. */
  readonly tenant: string | null;
  readonly owner: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly state: 'pending' | 'active' | 'ended';
}

/** A message to one receiver through one channel. */
export interface Notification {
  /** Of this telling: the same again means that an answer was lost. */
  readonly id: string;
  /** Of the message: a channel that can edit changes the message that it made for this key, and makes a new one for a new key. */
  readonly key: string;
  readonly why: 'opened' | 'changed' | 'escalated' | 'resolved' | 'reopened' | 'reminder' | 'assigned' | 'silenced';
  readonly about: { readonly is: 'incident'; readonly incident: Incident } | { readonly is: 'silence'; readonly silence: Silence };
  /** Where to, in the channel's own words: `#ops`, `admin@example.org`, the name of a webhook. */
  readonly to: string;
  readonly picture: Picture | null;
  /** What the channel returned the last time for this key; `null`: never, as far as is known. */
  readonly receipt: string | null;
  /** 1 for the first try. After that, the other side may have taken it though its answer was lost. */
  readonly attempt: number;
}

/** A way to reach people. `deliver` resolves with a receipt when the other side has taken it; a HubError says by `retryable` whether to try again. */
export interface Channel {
  /** `slack`, `email`, `webhook`. */
  readonly name: string;
  /** Its messages can be changed: only then it is told of mere changes. */
  readonly edits: boolean;
  deliver(notification: Notification, signal: AbortSignal): Promise<{ readonly receipt: string }>;
}

export interface Incidents {
  /** Resolves when it is kept; what follows (grouping, telling people) survives a crash. */
  raise(signals: readonly Signal[]): Promise<void>;
  get(id: string): Promise<Incident | undefined>;
  list(filter: {
    readonly states?: readonly IncidentState[];
    readonly subject?: { readonly kind: string; readonly id: string };
    readonly from?: number;
    readonly to?: number;
    readonly rowsMax?: number;
  }): Promise<readonly Incident[]>;
  timeline(id: string): Promise<readonly TimelineEntry[]>;
  /** Adds a channel; returns what removes it again. */
  offer(channel: Channel): () => void;
}
export const Incidents = defineService<Incidents>('monitoring.incidents');

/** What a rule of this kind found at one instant: one entry a subject that the rule looks at. */
export interface Finding {
  readonly subject: Subject;
  /** `unknown`: no data to judge by; it changes no state, and an `absence` rule tells of it. */
  readonly verdict: 'bad' | 'good' | 'unknown';
  readonly summary: string;
  /** `value` and `of`, where given, stand in the texts of the rule's actions. */
  readonly values: Readonly<Record<string, number>>;
  readonly actions?: readonly SuggestedAction[];
}

/** A kind of condition that another plugin adds (`forecast`, `anomaly`): its settings are checked by a JSON Schema and come to `judge` as they are in the rule. */
export interface RuleKind {
  readonly kind: string;
  /** How often it is worth asking. Default 300. */
  readonly everySeconds?: number;
  readonly settings: {
    validate(value: unknown): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly reason: string };
  };
  /** What such a rule means, after "fires": `above 90 % within 12 h`. Default: the kind. */
  describe?(rule: { readonly metric: string | null; readonly settings: Json }): string;
  /** Judges all subjects of a rule as of `at` (in the past for previews). */
  judge(
    rule: { readonly id: string; readonly metric: string | null; readonly settings: Json; readonly targets: readonly Subject[] },
    at: number,
    signal: AbortSignal,
  ): Promise<readonly Finding[]>;
}

export interface Rules {
  /** Adds a kind of rule; returns what removes it again. */
  offer(kind: RuleKind): () => void;
}
export const Rules = defineService<Rules>('monitoring.rules');

declare module 'novacron/plugin' {
  interface EventTypes {
    'incident.changed': { readonly incident: Incident };
  }
}
