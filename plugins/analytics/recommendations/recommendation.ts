import type { SuggestedAction, Unit } from 'novacron/plugin';

export type RecommendationKind = 'shrink' | 'power-off' | 'add-memory' | 'grow-disk' | 'restart' | 'spread' | 'scale';

/** What is won, with the interval that the days of the history span. */
export interface Gain {
  /** `memory freed`, `time above 90 % of its memory saved`. */
  readonly what: string;
  readonly unit: Unit;
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

/** What could be done for one VM (or host), and why. */
export interface Recommendation {
  /** The same advice for the same thing: `<kind>/<id>[/<device>]`. */
  readonly key: string;
  readonly kind: RecommendationKind;
  readonly subject: { readonly kind: 'vm' | 'host'; readonly id: string; readonly name: string; readonly tenant: string | null };
  /** An imperative sentence: `Take 2 vCPUs and 3 GiB from web-1.` */
  readonly title: string;
  /** Figures of the thing as it is now, from which the gain is measured: `{ vcpus: 4 }`. */
  readonly before: Readonly<Record<string, number>>;
  /** Sentences with figures. */
  readonly evidence: readonly string[];
  readonly gains: readonly Gain[];
  /** What it takes, what could go wrong, and how to take it back; null: it cannot be taken back. */
  readonly cost: string;
  readonly risk: string;
  readonly undo: string | null;
  /** One whose action no plugin offers yet is advice. */
  readonly suggestion: SuggestedAction;
}

/**
 * `open`: to be decided; `dismissed`: a person said no; `gone`: the reason went away by itself; `applied`: done, and being watched;
 * `kept`: the measured gain lies in the promised interval; `missed`: it does not.
 */
export type RecommendationState = 'open' | 'dismissed' | 'gone' | 'applied' | 'kept' | 'missed';

/** What came of it, beside what was promised. */
export interface Measured {
  readonly at: number;
  /** One for each promised gain, in its unit; null where it could not be measured. */
  readonly gains: readonly (number | null)[];
  readonly text: string;
}

export interface KeptRecommendation extends Recommendation {
  /** `REC-7`. */
  readonly id: string;
  readonly state: RecommendationState;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly decidedAt: number | null;
  readonly decidedBy: string | null;
  readonly jobId: string | null;
  readonly measured: Measured | null;
}
