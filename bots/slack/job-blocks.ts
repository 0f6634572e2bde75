import type { Failure, Job, View } from 'novacron/plugin';
import { button, buttons, context, PRESS, section, type Block, type Button, type Content } from './block-kit.ts';
import { bold, escape, mention } from './mrkdwn.ts';
import { viewBlocks, viewText } from './view-blocks.ts';

const BAR_CELLS = 12;

/** `▰▰▰▱▱▱ 45 %` */
export function progressBar(fraction: number): string {
  const ratio = Math.min(1, Math.max(0, fraction));
  const full = Math.round(ratio * BAR_CELLS);
  return `${'▰'.repeat(full)}${'▱'.repeat(BAR_CELLS - full)} ${Math.round(ratio * 100)} %`;
}

const duration = (ms: number): string => {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/** The thing that the job is about, unless it is only the tenant in which something is made. */
const about = (job: Job): string => (job.target && job.target.kind !== 'tenant' ? ` · ${bold(job.target.name, 100)}` : '');

interface State {
  readonly sign: string;
  readonly line: string;
}

const failureLine = ({ message, code }: Failure): string => `${escape(message, 1_500)}  \`${escape(code, 80)}\``;

function stateOf(job: Job): State {
  const { state } = job;
  switch (state.is) {
    case 'queued':
      return { sign: '⏳', line: 'Waiting to start' };
    case 'waiting':
      return { sign: '⏳', line: `Waiting for ${escape(state.for, 200)}` };
    case 'running': {
      const what = state.message ?? state.step ?? 'Working';
      return { sign: '🔵', line: state.fraction === null ? escape(what, 300) : `${progressBar(state.fraction)}  ${escape(what, 300)}` };
    }
    case 'cancelling':
      return { sign: '🟠', line: 'Cancelling: what was done is taken back' };
    case 'succeeded':
      return { sign: '✅', line: '' };
    case 'failed':
      return { sign: '❌', line: failureLine(state.failure) };
    case 'cancelled':
      return { sign: '⏹️', line: escape(state.failure.message, 1_500) };
    case 'undone': {
      const wasCancelled = state.failure.code === 'job_cancelled';
      const line = wasCancelled ? escape(state.failure.message, 1_500) : failureLine(state.failure);
      return { sign: wasCancelled ? '↩️' : '❌', line: `${line} Everything that had been done was taken back.` };
    }
  }
}

export interface Shown {
  /** Chat user id. */
  readonly user: string;
  /** That person confirmed what another asked for. */
  readonly confirmed?: boolean;
  readonly view?: View;
  readonly next?: readonly Button[];
}

/** The one message of a job: what, for whom, how far; at the end its result and what may come next. */
export function jobContent(job: Job, shown: Shown): Content {
  const { sign, line } = stateOf(job);
  const title = `${sign} ${bold(job.title, 200)}${about(job)}`;
  const took = job.endedAt === null ? '' : `  ·  took ${duration(job.endedAt - (job.startedAt ?? job.createdAt))}`;
  const result: Block[] = shown.view ? viewBlocks(shown.view) : [];
  const who = shown.confirmed === true ? `${escape(job.actor.name, 80)}, confirmed by ${mention(shown.user)}` : mention(shown.user);
  const isOpen = job.endedAt === null && job.state.is !== 'cancelling';
  const cancel = isOpen ? buttons([button({ id: PRESS.cancel, label: 'Cancel', value: job.id })]) : [];
  const name = job.target && job.target.kind !== 'tenant' ? ` ${escape(job.target.name, 100)}` : '';
  return {
    text: `${sign} ${escape(job.title, 200)}${name}: ${shown.view ? viewText(shown.view) : line || 'done'}`,
    blocks: [
      section(line === '' ? title : `${title}\n${line}`),
      ...result,
      ...buttons(shown.next ?? []),
      ...cancel,
      context(`${who}${took}  ·  job ${escape(job.id.slice(0, 8), 20)}`),
    ],
  };
}
