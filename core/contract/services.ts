import type { DeclaredAlert } from './alerts.ts';
import { defineService, type Plan, type Risk } from './declare.ts';
import type { Failure, Job } from './jobs.ts';
import type {
  ColumnBatch,
  Frame,
  LatestSample,
  Metric,
  MetricQuery,
  NewestColumn,
  SampleBatch,
  WindowMatrix,
  WindowQuery,
} from './metrics.ts';
import type { Json } from './schema.ts';
import type { Card, View } from './shown.ts';
import type { Actor, Resource, Role, Via } from './things.ts';

/** The core's own services; a plugin names them in `needs` like any other. */

// --- Actions ---------------------------------------------------------------------------------------------------------------------

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly help: string | null;
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'picker' | 'instant' | 'list';
  readonly required: boolean;
  readonly default: Json | null;
  /** For `choice`. */
  readonly choices: readonly string[];
  /** Resource kind, for `picker`. */
  readonly picker: string | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly lengthMax: number | null;
  readonly pattern: string | null;
  /** Of a `list`: on a command line, flags that the action does not know go in here as `name=value`. */
  readonly takesFlags?: true;
}

/** Everything a surface needs to offer an action, derived from its declaration. */
export interface ActionDescription {
  /** `vm.console.read`; as words: `vm console read`. */
  readonly id: string;
  readonly plugin: string;
  readonly title: string;
  readonly label: string;
  readonly help: string | null;
  readonly risk: Risk;
  readonly fields: readonly FormField[];
  readonly positional: readonly string[];
  readonly examples: readonly string[];
  /** `vm create <name> [--image tiny] …` */
  readonly usage: string;
}

/** What typed words mean. */
export type Parsed =
  | {
      readonly is: 'call';
      readonly action: ActionDescription;
      readonly input: Readonly<Record<string, unknown>>;
      readonly missing: readonly string[];
    }
  | { readonly is: 'help'; readonly actions: readonly ActionDescription[] }
  | { readonly is: 'unknown'; readonly words: string; readonly suggestions: readonly string[] };

export interface Call {
  readonly actor: Actor;
  readonly via: Via;
  /** Idempotency key: the same actor, action and key is the same call. At most 200 characters. */
  readonly key?: string;
  /** The token of a confirmation that this actor was shown. */
  readonly confirmation?: string;
  /** Ends the wait of a read; never cancels a job. */
  readonly signal?: AbortSignal;
}

/** A question to a person. The token is single use and bound to person, input and plan hash. */
export interface Confirmation {
  readonly token: string;
  readonly action: string;
  readonly title: string;
  readonly risk: Risk;
  readonly target: Pick<Resource, 'kind' | 'id' | 'name'> | null;
  readonly plan: Plan;
  /** `actor`: the caller. `second-person`: somebody else who may do it. */
  readonly by: 'actor' | 'second-person';
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export type Outcome =
  | { readonly is: 'done'; readonly output: Json; readonly view: View }
  | { readonly is: 'accepted'; readonly job: Job }
  | { readonly is: 'confirm'; readonly confirmation: Confirmation };

/** The door. Errors: HubError `action_unknown`, `input_invalid`, `<kind>_unknown` (also when refused), `permission_denied`, `confirmation_*`, and what the action throws. */
export interface Actions {
  /** What this actor may do on at least something, in the order of ids. */
  list(actor: Actor): readonly ActionDescription[];
  /** Whether `list` has it for this actor. */
  offers(id: string, actor: Actor): boolean;
  describe(id: string, actor: Actor): ActionDescription;
  parse(words: string | readonly string[], actor: Actor): Parsed;
  execute(id: string, input: unknown, call: Call): Promise<Outcome>;
  /** Executes what was asked about, with the input that was asked about. */
  confirm(token: string, call: Omit<Call, 'confirmation' | 'key'>): Promise<Outcome>;
  /** Withdraws a question; a second press of either button finds it gone. */
  decline(token: string, call: Pick<Call, 'actor' | 'via'>): Promise<void>;
  /** The view of a finished job's output. */
  view(job: Job): View;
}
export const Actions = defineService<Actions>('core.actions');

export interface JobFilter {
  readonly states?: readonly Job['state']['is'][];
  readonly target?: { readonly kind: string; readonly id: string };
  /** Default 50, at most 500. */
  readonly rowsMax?: number;
}

export interface Jobs {
  /** HubError `job_unknown` when it does not exist or is not for this actor. */
  get(id: string, actor: Actor): Promise<Job>;
  list(filter: JobFilter, actor: Actor): Promise<readonly Job[]>;
  cancel(id: string, call: Pick<Call, 'actor' | 'via'>): Promise<Job>;
  /** Resolves when the job has ended (rejects when `signal` fires; the job goes on). */
  wait(id: string, signal: AbortSignal): Promise<Job>;
}
export const Jobs = defineService<Jobs>('core.jobs');

// --- Events ----------------------------------------------------------------------------------------------------------------------

/** Data by type. Plugins add types by declaration merging: `declare module 'novacron/plugin' { interface EventTypes { … } }`. */
export interface EventTypes {
  'job.changed': { readonly job: Job };
  'job.ended': { readonly job: Job; readonly failure: Failure | null };
  'resource.changed': {
    readonly kind: string;
    readonly id: string;
    readonly name: string;
    readonly change: 'created' | 'changed' | 'removed';
  };
  'plugin.changed': { readonly plugin: string; readonly state: string; readonly reason: string | null };
}

export interface HubEvent<T extends keyof EventTypes = keyof EventTypes> {
  /** Grows; resume with `after: cursor`. */
  readonly cursor: number;
  readonly at: number;
  readonly type: T;
  /** Who may see it: actors of this tenant and admins; `null`: everybody. */
  readonly tenant: string | null;
  readonly data: EventTypes[T];
}

/** Said once in the stream when events were lost to a slow consumer or to retention. */
export interface EventGap {
  readonly type: 'gap';
  readonly missed: number | null;
  readonly cursor: number;
}

export interface Events {
  publish<T extends keyof EventTypes>(type: T, tenant: string | null, data: EventTypes[T]): Promise<void>;
  /** Live, or from after a cursor. Ends when `signal` fires. A consumer more than `bufferMax` (1,000) behind gets a gap. `actor` null: the hub itself, sees all. */
  subscribe(options: {
    readonly actor: Actor | null;
    readonly after?: number;
    readonly types?: readonly (keyof EventTypes)[];
    readonly signal: AbortSignal;
    readonly bufferMax?: number;
  }): AsyncIterable<HubEvent | EventGap>;
}
export const Events = defineService<Events>('core.events');

// --- Metrics ---------------------------------------------------------------------------------------------------------------------

export interface Metrics {
  /** One transaction; resolves when it is durable. Refused with `metrics_overloaded` when more than 64 batches wait. */
  write(plugin: string, batches: readonly SampleBatch[]): Promise<void>;
  /** The same by columns; each metric goes to the table of the plugin that declares it. */
  writeColumns(batches: readonly ColumnBatch[]): Promise<void>;
  /** Newest values, from memory. */
  latest(table: string, entities?: readonly string[]): readonly LatestSample[];
  /** The same of one metric of all things, by columns: the fast way for thousands of them. HubError `metrics_unknown`. */
  newest(metric: string): readonly NewestColumn[];
  /** Long frame: time, entity, device (tables with a part), value. Authorization is the caller's: `targets` must be ids that may be seen. */
  query(query: MetricQuery, signal: AbortSignal): Promise<Frame>;
  /** A function over sliding windows, for PromQL and rules. HubError `metrics_query_large` when it would read or answer too much. */
  windows(query: WindowQuery, signal: AbortSignal): Promise<WindowMatrix>;
  /** One read-only SELECT; no files, no network. Defaults: 10 s, 10,000 rows. HubError `sql_refused`, `sql_failed`, `sql_timeout`. */
  sql(text: string, options: { readonly signal: AbortSignal; readonly timeoutMs?: number; readonly rowsMax?: number }): Promise<Frame>;
  /** Loads history from a CSV or Parquet file into a table of a plugin; columns: at (UTC instant or epoch ms), entity, [device], then metrics. */
  importFile(plugin: string, table: string, file: string, signal: AbortSignal): Promise<{ readonly rows: number }>;
  /** All that is declared, by `<table>.<metric>`. */
  declared(): ReadonlyMap<string, Metric>;
  /** Called after each write with what was written; returns the unsubscriber. */
  onWrite(listener: (batch: SampleBatch) => void): () => void;
}
export const Metrics = defineService<Metrics>('core.metrics');

/** The rules that plugins declare. */
export interface Alerts {
  declared(): readonly DeclaredAlert[];
}
export const Alerts = defineService<Alerts>('core.alerts');

// --- People, things, state -------------------------------------------------------------------------------------------------------

export interface Users {
  /** `undefined` for an unknown or disabled user. For what is done later in somebody's name: a schedule. */
  byId(id: string): Promise<Actor | undefined>;
  /** `undefined` for an unknown or disabled user. For what is given to somebody by name. */
  byName(name: string): Promise<Actor | undefined>;
  /** The hub user linked to a chat identity, or undefined: then nothing may be done in their name. */
  byChat(workspace: string, chatUserId: string): Promise<Actor | undefined>;
  linkChat(workspace: string, chatUserId: string, userName: string): Promise<void>;
  /** Makes the user when absent; changes nothing otherwise. For prepared users of the sandbox and demos. */
  ensure(user: { readonly name: string; readonly displayName: string; readonly role: Role; readonly tenant: string }): Promise<Actor>;
  /** A code the person types in chat (`/nova link CODE`) to link themselves; single use, 10 minutes. */
  redeemLinkCode(code: string, workspace: string, chatUserId: string): Promise<Actor>;
}
export const Users = defineService<Users>('core.users');

export interface ResourceQuery {
  /** Part of a name; empty: the first ones. */
  readonly text: string;
  /** Default 20, at most 100. */
  readonly rowsMax?: number;
}

/** Things of all kinds, authorized. */
export interface Resources {
  kinds(): readonly { readonly kind: string; readonly title: string }[];
  get(kind: string, idOrName: string, actor: Actor): Promise<Resource>;
  search(kind: string, query: ResourceQuery, actor: Actor): Promise<readonly Resource[]>;
  /** All of a kind that the actor may see, at most 20,000: for queries over all series. */
  list(kind: string, actor: Actor): Promise<readonly Resource[]>;
  card(kind: string, idOrName: string, actor: Actor): Promise<{ readonly resource: Resource; readonly card: Card }>;
}
export const Resources = defineService<Resources>('core.resources');

/** The plugin's own PostgreSQL schema. Values in the template are always bound: db.sql`select * from vm where id = ${id}`. */
export interface Database {
  sql<T extends object = Record<string, unknown>>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<T[]>;
  /** Runs `work` in one transaction; its `db` is the one to use inside. */
  transaction<T>(work: (db: Database) => Promise<T>): Promise<T>;
}
export const Database = defineService<Database>('core.database');

export interface MachineFacts {
  /** How guests run here, by a probe; `null`: not probed. */
  readonly accelerator: 'kvm' | 'tcg' | null;
  /** Folder of the guest images that setup builds. */
  readonly imagesDir: string;
}

/** How a part of the hub is: `plugin charts`, `postgresql`, `metrics`, `jobs`. */
export interface HubCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Why not, as a sentence; `null` when it is well. */
  readonly detail: string | null;
}

export interface HubInfo {
  /** Of this hub among those on the database; the same after a restart: `hub-…`. */
  readonly id: string;
  readonly version: string;
  /** `http://127.0.0.1:7780` */
  readonly url: string;
  readonly dataDir: string;
  /** What setup found out about, and built on, the machine that the hub runs on. */
  readonly machine: MachineFacts;
  /** Asks every part how it is; takes up to a few seconds when one does not answer. */
  health(): Promise<readonly HubCheck[]>;
  /** Shown by `up` and `doctor`: a URL or a warning of a plugin. */
  announce(line: { readonly label: string; readonly text: string; readonly tone?: 'info' | 'warn' }): void;
}
export const Hub = defineService<HubInfo>('core.hub');
