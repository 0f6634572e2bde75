import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../contract/errors.ts';
import { hasEnded, type Job } from '../contract/jobs.ts';
import type { Json } from '../contract/schema.ts';
import type { ActionDescription, Confirmation } from '../contract/services.ts';
import type { View } from '../contract/shown.ts';
import type { Answer, Api } from './api.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { followJob } from './follow.ts';
import type { Options } from './options.ts';
import { progressOf, type Screen, type Streams } from './screen.ts';

export interface CallDeps {
  readonly api: Api;
  readonly screen: Screen;
  readonly streams: Streams;
  readonly options: Options;
  readonly signal: AbortSignal;
}

type Done = { readonly output: Json; readonly view: View };
type Accepted = { readonly job: Job; readonly view?: View };

const REFRESH_MS = 2000;

/** Executes an action and shows what comes of it. */
export async function callAction(deps: CallDeps, action: ActionDescription, input: object): Promise<ExitCode> {
  if (action.risk === 'read' && deps.options.watch) return watchRead(deps, action, input);
  const answer = await execute(deps, action, input);
  if (answer === null) return EXIT.unconfirmed;
  return 'job' in answer.body ? finishJob(deps, answer.body) : showDone(deps, answer.body);
}

/** The same key for each try: an answer that was lost does not make it happen twice. */
async function execute(deps: CallDeps, action: ActionDescription, input: object): Promise<Answer<Done | Accepted> | null> {
  const { api, signal } = deps;
  const headers = action.risk === 'read' ? {} : { 'idempotency-key': randomUUID() };
  try {
    return await api.request<Done | Accepted>('POST', `/actions/${encodeURIComponent(action.id)}`, { body: input, headers, signal });
  } catch (error) {
    return confirmInstead(deps, error, 0);
  }
}

const ASK_AGAIN_MAX = 3;

async function confirmInstead(deps: CallDeps, error: unknown, asked: number): Promise<Answer<Done | Accepted> | null> {
  const confirmation = confirmationOf(error);
  if (confirmation === null || asked >= ASK_AGAIN_MAX) throw error;
  if (!(await mayGoOn(deps, confirmation, error as HubError))) return null;
  try {
    return await deps.api.request<Done | Accepted>('POST', `/confirmations/${encodeURIComponent(confirmation.token)}`, {
      signal: deps.signal,
    });
  } catch (again) {
    return confirmInstead(deps, again, asked + 1);
  }
}

const confirmationOf = (error: unknown): Confirmation | null =>
  HubError.is(error) && error.code === 'confirmation_required'
    ? ((error.details['confirmation'] as Confirmation | undefined) ?? null)
    : null;

async function mayGoOn({ api, screen, streams, options, signal }: CallDeps, confirmation: Confirmation, error: HubError): Promise<boolean> {
  if (confirmation.by === 'second-person') throw error;
  if (options.yes) return true;
  if (streams.stdin.isTTY !== true || options.json) {
    screen.error(error);
    screen.note('Nothing was done. Say --yes to confirm the plan.');
    return false;
  }
  for (const sentence of confirmation.plan.sentences) screen.note(sentence);
  const line = createInterface({ input: streams.stdin, output: streams.stderr, terminal: false });
  try {
    const said = await line.question(`${confirmation.title}? Type yes to go on: `, { signal });
    if (/^y(?:es)?$/iu.test(said.trim())) return true;
  } finally {
    line.close();
  }
  await api.request('DELETE', `/confirmations/${encodeURIComponent(confirmation.token)}`, { signal });
  screen.note('Nothing was done.');
  return false;
}

async function finishJob({ api, screen, options, signal }: CallDeps, accepted: Accepted): Promise<ExitCode> {
  if (!options.wait) {
    if (options.json) screen.json(accepted.job);
    else screen.lines([`Job ${accepted.job.id} was accepted: ${accepted.job.title}.`]);
    return EXIT.ok;
  }
  let last = '';
  const onChange = (job: Job): void => {
    const text = progressOf(job);
    if (options.watch && options.json) screen.json(job);
    else if (options.watch && text !== last) screen.note(text);
    else screen.progress(text);
    last = text;
  };
  try {
    const ended = hasEnded(accepted.job) ? accepted : await followJob(api, { jobId: accepted.job.id, signal, onChange });
    return await showEnd({ screen, options }, ended);
  } catch (error) {
    if (!signal.aborted) throw error;
    screen.note(`No longer watching. The job goes on: novacron job get ${accepted.job.id}`);
    return EXIT.interrupted;
  }
}

async function showEnd({ screen, options }: Pick<CallDeps, 'screen' | 'options'>, { job, view }: Accepted): Promise<ExitCode> {
  if (options.json) screen.json(job);
  if ('failure' in job.state) {
    if (!options.json) screen.error({ ...job.state.failure, message: `${job.title}: ${job.state.is}. ${job.state.failure.message}` });
    return EXIT.failed;
  }
  await saveAndShow({ screen, options }, view ?? { text: `${job.title}: ${job.state.is}.` });
  return EXIT.ok;
}

async function showDone({ screen, options }: Pick<CallDeps, 'screen' | 'options'>, { output, view }: Done): Promise<ExitCode> {
  if (options.json) screen.json(output);
  await saveAndShow({ screen, options }, view);
  return EXIT.ok;
}

async function saveAndShow({ screen, options }: Pick<CallDeps, 'screen' | 'options'>, view: View): Promise<void> {
  if (!options.json) screen.view(view);
  if (options.save === null) return;
  await mkdir(options.save, { recursive: true });
  for (const [index, picture] of (view.pictures ?? []).entries()) {
    const name = picture.title
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/gu, '-')
      .slice(0, 60);
    const file = join(options.save, `${index + 1}-${name}.${picture.mediaType === 'image/png' ? 'png' : 'svg'}`);
    await writeFile(file, Buffer.from(picture.base64, 'base64'));
    screen.note(`Wrote ${file}`);
  }
}

async function watchRead(deps: CallDeps, action: ActionDescription, input: object): Promise<ExitCode> {
  const { signal, screen } = deps;
  try {
    for (;;) {
      const answer = await execute(deps, action, input);
      if (answer === null || 'job' in answer.body) return EXIT.unconfirmed;
      if (!deps.options.json) screen.clear();
      await showDone(deps, answer.body);
      await sleep(REFRESH_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return EXIT.ok;
  }
}
