import { createHash } from 'node:crypto';
import {
  HubError,
  type Action,
  type ActionContext,
  type Base,
  type Clock,
  type Issue,
  type Job,
  type JobState,
  type Json,
} from '../contract.ts';
import type { Audit } from '../audit/audit.ts';
import { asHubError, toFailure } from './failure.ts';
import { never, Steps, type StepPhase } from './steps.ts';
import { toJob, type JobRecord, type JobStore } from './store.ts';
import type { Turns } from './turns.ts';
import { sleep } from './wait.ts';

/** Where jobs find what they run; the plugin host behind it. */
export interface ActionSource {
  /** HubError `action_unknown` when no plugin has it, `plugin_unavailable` when its plugin does not run. */
  find(id: string): { readonly action: Action; readonly base: Base<unknown, never> };
}

export interface RunDeps {
  readonly store: JobStore;
  readonly turns: Turns;
  readonly actions: ActionSource;
  readonly audit: Pick<Audit, 'append'>;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Resolves while the job is surely this hub's, with what fires when that is not sure any more; hangs once it is another's. */
  mayGoOn(jobId: string): Promise<AbortSignal>;
  record<T>(name: string, run: () => Promise<T>): Promise<T>;
  onStep(phase: StepPhase, info: { readonly job: JobRecord; readonly step: string }): void | Promise<void>;
  onBusy(change: 1 | -1): void;
  /** Shows where the job stands; written now and then, not each time. */
  report(job: Job): void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const STORE_RETRY_MS = 500;
const PLUGIN_WAIT_MS = 1_000;

/** One job from its turn to its end. Called again after a crash, with the steps that are recorded not run again. */
export async function runJob(deps: RunDeps, record: JobRecord, cancel: AbortSignal): Promise<Job> {
  const started: Started = { at: record.startedAt?.getTime() ?? null };
  const end = await work(deps, record, { cancel, started });
  if (deps.stopping.aborted) await never();
  await deps.mayGoOn(record.id);
  const endedAt = deps.clock.now();
  await untilStored(deps.stopping, () => auditEnd(deps, record, end));
  await untilStored(deps.stopping, () => deps.store.setState(record.id, end, new Date(endedAt)));
  return { ...toJob(record), state: end, startedAt: started.at, endedAt };
}

/** When it began to run; null while it waits for its turn. */
interface Started {
  at: number | null;
}

async function work(deps: RunDeps, record: JobRecord, { cancel, started }: { cancel: AbortSignal; started: Started }): Promise<JobState> {
  const resumed = started.at !== null;
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const progress = createProgress(deps, record, started);
  const steps = new Steps({
    record: deps.record,
    signal: AbortSignal.any([cancel, limit.signal]),
    stopping: deps.stopping,
    onBusy: deps.onBusy,
    mayGoOn: () => deps.mayGoOn(record.id),
    onStep: (phase, step) => {
      progress({ step });
      return deps.onStep(phase, { job: record, step });
    },
    onRetry: (step, error) => progress({ step, retry: `${error.message} Trying again.` }),
  });
  try {
    // What was begun before a crash had its turn; a cancel must not keep its steps from being replayed, or none would be taken back.
    if (!resumed) await untilStored(deps.stopping, () => deps.turns.wait(record, AbortSignal.any([cancel, deps.stopping])));
    const { action, base } = await findAction(deps, record, resumed);
    if (!resumed) await untilStored(deps.stopping, () => begin(deps, record, started));
    const timeoutMs = action.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    timer = setTimeout(() => limit.abort(timeoutError(record, timeoutMs)), timeoutMs);
    const output: unknown = await action.run(
      createContext({ base, record, steps, progress, signal: AbortSignal.any([cancel, limit.signal]) }),
      record.input,
    );
    return { is: 'succeeded', output: await checkOutput(action, { id: record.action, output }) };
  } catch (error) {
    if (deps.stopping.aborted) await never();
    return unsuccessful({ error: asHubError(error), cancelled: cancel.aborted, ...(await steps.undo()) });
  } finally {
    clearTimeout(timer);
  }
}

/** What a job has begun can only be finished or undone by its plugin: without it the job waits, for the next start if need be. */
async function findAction(deps: RunDeps, record: JobRecord, resumed: boolean): Promise<ReturnType<ActionSource['find']>> {
  for (;;)
    try {
      return deps.actions.find(record.action);
    } catch (error) {
      if (!resumed) throw error;
      const state = { is: 'waiting', for: asHubError(error).message } as const;
      deps.report({ ...toJob(record), state });
      await sleep(PLUGIN_WAIT_MS, deps.stopping);
    }
}

interface Unsuccessful {
  readonly error: HubError;
  readonly cancelled: boolean;
  readonly undone: number;
  readonly leftovers: readonly string[];
}

function unsuccessful({ error, cancelled, undone, leftovers }: Unsuccessful): JobState {
  const { code, message, retryable } = toFailure(error);
  if (leftovers.length > 0) return { is: 'failed', failure: { code, message: [message, ...leftovers].join(' '), retryable: false } };
  if (undone > 0) return { is: 'undone', failure: { code, message, retryable } };
  return { is: cancelled ? 'cancelled' : 'failed', failure: { code, message, retryable } };
}

/** Written before the state: a crash between the two leaves an entry too many, never one too few. */
async function begin(deps: RunDeps, record: JobRecord, started: Started): Promise<void> {
  await deps.audit.append({
    ...auditOf(record),
    event: 'started',
    code: null,
    message: record.confirmedBy && `Confirmed by ${record.confirmedBy}.`,
  });
  started.at = deps.clock.now();
  const state = { is: 'running', step: null, fraction: null, message: null } as const;
  await deps.store.setState(record.id, state, new Date(started.at));
  deps.report({ ...toJob(record), state, startedAt: started.at });
}

async function auditEnd(deps: RunDeps, record: JobRecord, end: JobState): Promise<void> {
  if (end.is !== 'succeeded' && end.is !== 'failed' && end.is !== 'cancelled' && end.is !== 'undone') return;
  const failure = end.is === 'succeeded' ? null : end.failure;
  await deps.audit.append({ ...auditOf(record), event: end.is, code: failure?.code ?? null, message: failure?.message ?? null });
}

/** A job outlives its database being away: what must be written is tried until it is, or until the hub stops. */
async function untilStored<T>(stopping: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await write();
    } catch (error) {
      if (stopping.aborted) await never();
      if (!(HubError.is(error) && error.code === 'state_unavailable')) throw error;
      await sleep(STORE_RETRY_MS, stopping);
    }
}

const auditOf = (record: JobRecord) => ({
  actor: { id: record.actor.id, name: record.actor.name, tenant: record.actor.tenant },
  via: record.via,
  action: record.action,
  target: record.target && { kind: record.target.kind, id: record.target.id, name: record.target.name, tenant: record.target.tenant },
  jobId: record.id,
  input: record.input as Json,
});

interface Standing {
  step?: string;
  fraction?: number;
  /** What the action says of itself; it holds until it says something else. */
  message?: string | null;
  /** Why a step is tried again; it holds until the next step. */
  retry?: string | undefined;
}

function createProgress(deps: RunDeps, record: JobRecord, started: Started): (change: Standing) => void {
  let standing: Standing = {};
  return (change) => {
    standing = { ...standing, retry: undefined, ...change };
    const { step = null, fraction = null, message = null, retry } = standing;
    deps.report({ ...toJob(record), startedAt: started.at, state: { is: 'running', step, fraction, message: retry ?? message } });
  };
}

interface ContextParts {
  readonly base: Base<unknown, never>;
  readonly record: JobRecord;
  readonly steps: Steps;
  readonly signal: AbortSignal;
  progress(change: Standing): void;
}

const createContext = ({ base, record, steps, progress, signal }: ContextParts): ActionContext<unknown, never> => ({
  ...base,
  signal,
  actor: record.actor,
  via: record.via,
  target: record.target,
  jobId: record.id,
  id: (name) => deterministicId(record.id, name),
  step: (name, run, ...rest) => steps.step(name, run, ...rest),
  progress: (fraction, message) => progress({ fraction: Math.min(1, Math.max(0, fraction)), message: message ?? null }),
});

/** The shape of a version 8 UUID (free use of the bits), so that whatever expects a UUID takes it. */
export function deterministicId(jobId: string, name: string): string {
  const bytes = createHash('sha256').update(`${jobId}:${name}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The output as the schema says and as JSON keeps it. A wrong shape is the plugin's error, not the caller's. */
export async function checkOutput(action: Action, { id, output }: { id: string; output: unknown }): Promise<Json> {
  const result = await action.output['~standard'].validate(output);
  if (result.issues) {
    const where = result.issues.map(({ message }: Issue) => message).join('; ');
    throw new HubError(
      'output_invalid',
      `'${id}' returned something else than its schema says (${where}). This is an error of its plugin.`,
    );
  }
  return JSON.parse(JSON.stringify(result.value ?? null)) as Json;
}

const timeoutError = (record: JobRecord, timeoutMs: number): HubError =>
  new HubError('action_timeout', `'${record.action}' was not done within ${timeoutMs / 1000} s.`, { status: 504, retryable: true });
