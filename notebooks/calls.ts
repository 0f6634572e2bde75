import { hasEnded, HubError, type Confirmation, type Job, type Json } from 'novacron/plugin';
import { CELL_HOST, type CellHost, type HubAnswer, type HubRequest } from '../plugins/reports/session/protocol.ts';
import { escapeHtml, shownAs } from './html.ts';

/** Nothing need be given where all is optional, or there is nothing to give. */
type Given<I, R> = I extends Readonly<Record<string, never>> ? (input?: I) => R : Partial<I> extends I ? (input?: I) => R : (input: I) => R;

/** A function that changes nothing: it answers what there is. */
export type Read<I, O> = Given<I, Promise<O>>;
/** A function that changes something: it answers when that is done, or with the question that a person must answer first. */
export type Change<I, O> = Given<I, Promise<Done<O> | Asked>>;

/** It was done. */
export interface Done<O> {
  readonly is: 'done';
  readonly output: O;
  readonly job: Job;
}

/** Nothing was done yet: a person must confirm the plan. In a notebook that one works in: `await nova.confirm(asked)`. */
export interface Asked {
  readonly is: 'asked';
  readonly confirmation: Confirmation;
}

/** What is known of an action without asking the hub. */
export interface Known {
  readonly risk: 'read' | 'change' | 'disrupt' | 'destroy';
  readonly title: string;
  readonly help: string | null;
  readonly usage: string;
}

const POLL_MS = 500;

function host(): CellHost {
  const found: unknown = Reflect.get(globalThis, CELL_HOST);
  if (found === undefined)
    throw new HubError(
      'notebook_host',
      'The helper works in notebooks only: choose the kernel "NovaCron (TypeScript)", or run it as a report.',
    );
  return found as CellHost;
}

/** HubError as the hub threw it. */
async function ask(request: HubRequest): Promise<Exclude<HubAnswer, { is: 'error' }>> {
  const answer = await host().ask(request);
  if (answer.is !== 'error') return answer;
  const { code, message, status, retryable } = answer;
  throw new HubError(code, message, { status, retryable });
}

async function endOf(job: Job): Promise<Job> {
  for (let current = job; ;) {
    if (hasEnded(current)) return current;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const answer = await ask({ is: 'job', id: current.id });
    if (answer.is === 'job') current = answer.job;
  }
}

async function resultOf(request: HubRequest): Promise<Done<Json> | Asked | { readonly is: 'read'; readonly output: Json }> {
  const answer = await ask(request);
  if (answer.is === 'asked') return asked(answer.confirmation);
  if (answer.is === 'output') return { is: 'read', output: answer.output };
  const job = await endOf(answer.job);
  if (job.state.is === 'succeeded') return { is: 'done', output: job.state.output, job };
  const failure =
    'failure' in job.state ? job.state.failure : { code: 'job_failed', message: `The job is ${job.state.is}.`, retryable: false };
  throw new HubError(failure.code, failure.message, { status: 502, retryable: failure.retryable });
}

function asked(confirmation: Confirmation): Asked {
  const who = confirmation.by === 'second-person' ? 'Somebody else who may do it' : 'You';
  const sentences = confirmation.plan.sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('');
  const text = `${confirmation.title}: nothing was done yet. ${who} must confirm this first. ${confirmation.plan.sentences.join(' ')}`;
  return shownAs({ is: 'asked' as const, confirmation }, () => ({
    'text/plain': text,
    'text/html': `<div style="border-left:3px solid #d9730d;padding:6px 14px;margin:4px 0"><b>${escapeHtml(confirmation.title)}</b>: nothing was done yet. ${who} must confirm this first.<ul>${sentences}</ul></div>`,
  }));
}

/** Calls an action by its id: for actions of plugins that `nova` does not know. Reads answer their output, changes `Done` or `Asked`. */
export async function call(id: string, input: unknown = {}): Promise<unknown> {
  const result = await resultOf({ is: 'call', action: id, input });
  return result.is === 'read' ? result.output : result;
}

/** The person who works in this notebook says yes to the plan. Reports cannot: HubError `notebook_call_refused`. */
export async function confirm({ confirmation }: Asked): Promise<Done<Json> | Asked> {
  const result = await resultOf({ is: 'confirm', token: confirmation.token });
  if (result.is === 'read') throw new HubError('confirmation_required', 'A question of a read needs no answer.');
  return result;
}

/** Shows something now. */
export const display = (value: { readonly [media: string]: unknown }): void => host().display(value);
