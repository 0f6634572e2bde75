import type { Aggregate } from './metrics.ts';
import type { Json } from './schema.ts';

export type Severity = 'info' | 'warning' | 'critical';

/**
 * Where a value becomes bad, in the unit of the value: above `above` or below `below`. Once bad it stays so until it has come back to `resolveAt`,
 * so that a value at the edge does not flap; default: the edge itself.
 */
export type Bound =
  | { readonly above: number; readonly below?: never; readonly resolveAt?: number }
  | { readonly below: number; readonly above?: never; readonly resolveAt?: number };

/** What makes a rule fire. */
export type AlertCondition =
  /** The value itself. */
  | ({ readonly is: 'threshold' } & Bound)
  /** Change per second over the rule's window: of a counter its rate, of a gauge the slope of a line of least squares. */
  | ({ readonly is: 'rate' } & Bound)
  /** No sample for so long, of a thing that should have some. */
  | { readonly is: 'absence'; readonly seconds: number }
  /** Against the same time a week ago (or `agoSeconds` ago): the value divided by the one then, or less the one then. */
  | ({ readonly is: 'past'; readonly compare: 'ratio' | 'difference'; readonly agoSeconds?: number } & Bound)
  /** A SELECT with the columns `entity`, `value` and, if wanted, `device`; `kind` is the resource kind of `entity`. It reads samples of all tenants. */
  | ({ readonly is: 'sql'; readonly sql: string; readonly kind: string } & Bound)
  /** A kind of condition that a plugin offers (`forecast`, `anomaly`); the settings are its own. */
  | { readonly is: 'offered'; readonly kind: string; readonly settings: Json };

/** Which things a rule looks at: those that fit all that is given. Names may have `*`. */
export interface AlertScope {
  readonly names?: readonly string[];
  /** The thing has every one of them. */
  readonly tags?: readonly string[];
  readonly devices?: readonly string[];
  readonly tenant?: string;
}

/**
 * What could be done, offered as a button. In texts of `input` stand `{id}`, `{name}`, `{device}`, `{tenant}`, `{value}` (what was judged) and `{of}` (what it was
 * divided by); figures may be multiplied, `{of*1.5}`, and come as whole numbers.
 */
export interface AlertAction {
  readonly action: string;
  readonly label: string;
  readonly input: Readonly<Record<string, string | number | boolean>>;
}

/** A rule as plain data. It looks at every thing of the metric's kind, or at those of its scope. */
export interface AlertRule {
  readonly title: string;
  readonly severity: Severity;
  /** `<table>.<metric>`: `vm.cpuRatio`, `vm.disk.readBytes`. Absent only for `sql` and for offered kinds that need none. */
  readonly metric?: string;
  /** Another metric of the same table to divide by: `capacityBytes`. The value is a ratio then. */
  readonly of?: string;
  /** Over the window; without a window the newest value. Default `mean` of a gauge, `rate` of a counter. */
  readonly aggregate?: Aggregate;
  readonly windowSeconds?: number;
  readonly condition: AlertCondition;
  /** How long it must be bad before it fires. Default 0: at once. */
  readonly forSeconds?: number;
  /** How long it must be good before it resolves. Default 0: at once. */
  readonly keepFiringSeconds?: number;
  readonly scope?: AlertScope;
  /** The thing is down as a whole while it fires: alerts of what stands on it (the VMs of a host) join its incident. */
  readonly takesDown?: boolean;
  /** The likeliest first. */
  readonly actions?: readonly AlertAction[];
  /** For routes and silences. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What it means and what to look at. */
  readonly help?: string;
}

export interface DeclaredAlert {
  /** `<plugin>.<key>`: `monitoring.vm-memory`. */
  readonly id: string;
  readonly plugin: string;
  readonly rule: AlertRule;
}
