import type { Json } from './schema.ts';
import type { Actor, Via } from './things.ts';

/** The end of a job that did not succeed, as data. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** `undone`: it failed or was cancelled and every step that had happened was taken back. `failed` with leftovers is said in the failure. */
export type JobState =
  | { readonly is: 'queued' }
  | { readonly is: 'waiting'; readonly for: string }
  | { readonly is: 'running'; readonly step: string | null; readonly fraction: number | null; readonly message: string | null }
  | { readonly is: 'cancelling' }
  | { readonly is: 'succeeded'; readonly output: Json }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'cancelled'; readonly failure: Failure }
  | { readonly is: 'undone'; readonly failure: Failure };

export interface Job {
  readonly id: string;
  readonly action: string;
  readonly title: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name: string } | null;
  readonly tenant: string | null;
  readonly actor: Pick<Actor, 'id' | 'name'>;
  readonly via: Via;
  readonly state: JobState;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export const JOB_ENDS = ['succeeded', 'failed', 'cancelled', 'undone'] as const;

export const hasEnded = (job: Pick<Job, 'state'>): boolean => (JOB_ENDS as readonly string[]).includes(job.state.is);
