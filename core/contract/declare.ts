import type { AlertRule } from './alerts.ts';
import type { Metric, MetricQuery, Unit } from './metrics.ts';
import type { AnySchema, Json, OutputOf } from './schema.ts';
import type { Card, View } from './shown.ts';
import type { Actor, Ref, Resource, Via } from './things.ts';

/** A typed name for a service: two refs are equal when their ids are, so two copies of the contract agree. */
export interface ServiceRef<T> {
  readonly id: string;
  /** See `optional`. */
  readonly optional?: boolean;
  /** Never set: it only carries the type. */
  readonly T?: T;
}

export const defineService = <T>(id: string): ServiceRef<T> => ({ id });

/** For `needs`: a service that is used when it is there, and `undefined` when no plugin provides it or that plugin did not start. */
export const optional = <T>(ref: ServiceRef<T>): ServiceRef<T | undefined> => ({ id: ref.id, optional: true });

export type Refs = Readonly<Record<string, ServiceRef<any>>>;
export type Resolved<R extends Refs> = { readonly [K in keyof R]: R[K] extends ServiceRef<infer T> ? T : never };

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time in epoch milliseconds; a virtual one in tests. Domain code asks it, never `Date.now()`. */
export interface Clock {
  now(): number;
}

/** What every function of a plugin gets. `signal` fires when the hub stops or the call is over. */
export interface Base<C, R extends Refs> {
  readonly config: C;
  readonly services: Resolved<R>;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

export interface StartContext<C, R extends Refs> extends Base<C, R> {
  /** Folder of this plugin's own files under the data folder; made on first use. */
  readonly dataDir: string;
  /** Runs at stop, last deferred first. */
  defer(cleanup: () => void | Promise<void>): void;
}

/**
 * `read` changes nothing and answers at once; `change` can be taken back and no guest notices; `disrupt`: a guest notices;
 * `destroy`: data is lost. The last two need a plan and are confirmed by a person.
 */
export type Risk = 'read' | 'change' | 'disrupt' | 'destroy';

/** What would happen. `facts` are hashed: when they differ at apply, the person is asked again. */
export interface Plan {
  readonly sentences: readonly string[];
  readonly facts: { readonly [key: string]: Json };
}

export interface CallContext<C, R extends Refs> extends Base<C, R> {
  readonly actor: Actor;
  readonly via: Via;
  /** What `target` named, looked up and authorized; `null` for an action without a target. */
  readonly target: Resource | null;
}

export interface StepOptions {
  /** How often a retryable failure is tried again, with growing pauses (0.2 s, 0.4 s … 5 s). Default 8. */
  readonly retriesMax?: number;
}

export interface ActionContext<C, R extends Refs> extends CallContext<C, R> {
  /** Id of the job; for a read a fresh id. */
  readonly jobId: string;
  /** A UUID that depends on the job and `name` only: the same after a crash. */
  id(name: string): string;
  /**
   * Runs `run` once and records what it returns (plain JSON): after a crash the recorded value comes back. A crash *in* the step, or a lost
   * answer, runs it again: it looks at the truth before it acts. `undo` is called, newest step first, when the job fails or is
   * cancelled; also for a step that failed, since it may have happened; it must be safe to call twice. Outside steps: no clock, randomness, or world.
   */
  step<T>(
    name: string,
    run: (signal: AbortSignal) => Promise<T>,
    undo?: (signal: AbortSignal) => Promise<void>,
    options?: StepOptions,
  ): Promise<T>;
  /** `fraction` 0..1. */
  progress(fraction: number, message?: string): void;
}

export interface Action<C = any, R extends Refs = any, I extends AnySchema = any, O extends AnySchema = any> {
  /** An imperative sentence: `Take a snapshot of a VM`. */
  readonly title: string;
  /** At most 24 characters: Slack cuts titles there. */
  readonly label: string;
  readonly help?: string;
  readonly risk: Risk;
  /** When the input makes it riskier than `risk` says (`--purge`). */
  riskOf?(input: OutputOf<I>): Risk;
  /** An object schema. `.meta({ title, description, picker: '<resource kind>' })` reaches forms and help. */
  readonly input: I;
  readonly output: O;
  /** Fields that may be given as bare words, in this order. */
  readonly positional?: readonly string[];
  /** Words after `/nova`, as an engineer would type them. */
  readonly examples?: readonly string[];
  /** True: a `change` is asked about as well, because its plan shows what a person wants to see first. */
  readonly asks?: boolean;
  /** What is authorized, locked and audited. `ref('tenant', actor.tenant)` for what does not exist yet. Absent: the hub itself. */
  target?(input: OutputOf<I>, actor: Actor): Ref;
  /** Calls with the same key run in order; default: the target. `null`: no order. */
  queue?(input: OutputOf<I>, actor: Actor): string | null;
  /** Default 30 s. Of a job: without the time it waits for its turn. */
  readonly timeoutMs?: number;
  plan?(ctx: CallContext<C, R>, input: OutputOf<I>): Promise<Plan>;
  run(ctx: ActionContext<C, R>, input: OutputOf<I>): Promise<OutputOf<O>>;
  /** How the result is shown; default: its fields. */
  show?(output: OutputOf<O>, input: OutputOf<I>): View;
}

/** How things of a kind are found and shown. `tenant` null: any tenant. */
export interface ResourceKind<C = any, R extends Refs = any> {
  readonly title: string;
  get(ctx: Base<C, R>, idOrName: string, scope: { readonly tenant: string | null }): Promise<Resource | undefined>;
  search(
    ctx: Base<C, R>,
    query: { readonly text: string; readonly tenant: string | null; readonly rowsMax: number },
  ): Promise<readonly Resource[]>;
  card(ctx: Base<C, R>, resource: Resource): Promise<Card>;
}

/** A chart that belongs to a resource kind: `query.targets` is filled with the resource's id, `from` and `to` by the viewer. */
export interface Panel {
  readonly title: string;
  readonly resource: string;
  readonly query: Pick<MetricQuery, 'metric' | 'aggregate'>;
  readonly unit: Unit;
}

export interface EndpointContext<C, R extends Refs> extends Base<C, R> {
  /** Who calls; `null` only where `auth` is `none`. */
  readonly actor: Actor | null;
  readonly via: Via;
  /** The named parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The body as it was sent, of endpoints with `takesBytes`; empty for others, whose request has it. */
  readonly bytes: Uint8Array;
}

/** An answer whose body is at hand as a whole: sent in one piece, while a web `Response` costs a stream. For what is asked for often, or is large. */
export interface WholeAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * Plain HTTP, for what others define: Prometheus' API, a webhook, a file to download. What people do is an action instead. `signal` of the
 * context fires as well when the caller has gone. A HubError that is thrown is answered as problem+json.
 */
export interface Endpoint<C = any, R extends Refs = any> {
  readonly help: string;
  /**
   * `actor` (the default): only with a token; what the caller may see or do the endpoint asks the door (`Actions`, `Resources`) in the caller's
   * name. `none`: for callers who prove themselves otherwise, a webhook by its signature.
   */
  readonly auth?: 'actor' | 'none';
  /** Default: the hub's limit, `hub.limits.bodyBytesMax`. */
  readonly bodyBytesMax?: number;
  /** For large bodies, which a web request copies several times: they come as `bytes` of the context. */
  readonly takesBytes?: boolean;
  handle(ctx: EndpointContext<C, R>, request: Request): Promise<Response | WholeAnswer> | Response | WholeAnswer;
}

export interface Head<S extends AnySchema, R extends Refs, P extends Refs> {
  /** kebab-case; the plugin's key in plugins.json, the name of its PostgreSQL schema and of its folder. */
  readonly name: string;
  readonly api: 1;
  readonly config: S;
  readonly needs: R;
  readonly provides: P;
}

export interface Body<C, R extends Refs, P extends Refs> {
  /** Keys are action ids, `<noun>.<verb>`: `vm.create`. Unique over all plugins. */
  readonly actions?: Readonly<Record<string, Action<C, R>>>;
  /** Keys are kinds: `vm`. */
  readonly resources?: Readonly<Record<string, ResourceKind<C, R>>>;
  /** Keys are tables, `<kind>` or `<kind>.<part>`; then metrics by name. */
  readonly metrics?: Readonly<Record<string, Readonly<Record<string, Metric>>>>;
  readonly panels?: Readonly<Record<string, Panel>>;
  /** Keys are kebab-case; the id of the rule is `<plugin>.<key>`. */
  readonly alerts?: Readonly<Record<string, AlertRule>>;
  /** SQL by name, run once each in the order of the names, in the plugin's own PostgreSQL schema. */
  readonly migrations?: Readonly<Record<string, string>>;
  /** Keys are `GET` or `POST` and a path below `/api/v1/<plugin>`: `GET /runs/:id/html`. */
  readonly endpoints?: Readonly<Record<string, Endpoint<C, R>>>;
  /** Folders of built static files by the path they are served at (`/`). */
  readonly pages?: Readonly<Record<string, URL>>;
  start?(ctx: StartContext<C, R>): Promise<Resolved<P>> | Resolved<P>;
}

export type Plugin = Head<any, any, any> & Body<any, any, any>;

/** Types `config`, `services` and `input` inside the functions below without annotation. */
export interface Tools<C, R extends Refs> {
  action<I extends AnySchema, O extends AnySchema>(action: Action<C, R, I, O>): Action<C, R, I, O>;
  resource(kind: ResourceKind<C, R>): ResourceKind<C, R>;
  endpoint(endpoint: Endpoint<C, R>): Endpoint<C, R>;
}

/** Declares a plugin: `head` says what it is, needs and provides; `body` is pure, so that actions can be listed without a start. */
export function definePlugin<S extends AnySchema, const R extends Refs, const P extends Refs>(
  head: Head<S, R, P>,
  body: (tools: Tools<OutputOf<S>, R>) => Body<OutputOf<S>, R, P>,
): Plugin {
  return { ...head, ...body({ action: (action) => action, resource: (kind) => kind, endpoint: (endpoint) => endpoint }) };
}
