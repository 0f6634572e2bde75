import type { Events, Job, Log } from 'novacron/plugin';
import type { Desk } from './desk.ts';
import { isOpen, rootOf, type Topology } from './record.ts';
import type { Store } from './store.ts';

export interface FollowOptions {
  readonly events: Events;
  readonly desk: Desk;
  readonly store: Store;
  readonly topology: Topology;
  readonly log: Log;
}

const OPEN_MAX = 20;

const ENDS: Readonly<Record<string, string>> = { succeeded: 'done', failed: 'failed', cancelled: 'cancelled', undone: 'taken back' };

async function noteJob({ desk, store, topology }: FollowOptions, job: Job): Promise<void> {
  const { target, state, id, title, actor } = job;
  if (!target || target.kind === 'incident' || target.kind === 'tenant') return;
  for (const root of [rootOf(target), ...topology.parentsOf(target)]) {
    const [kind = '', ...rest] = root.split('/');
    const found = await store.list({ subject: { kind, id: rest.join('/') }, tenant: null, rowsMax: OPEN_MAX });
    const holders = found.filter(
      (record) => isOpen(record) && record.signals.some(({ signal }) => rootOf(signal.subject) === rootOf(target)),
    );
    const why = 'failure' in state ? `: ${state.failure.message}` : '';
    const text = `${title} (${target.name}) by ${actor.name}: ${ENDS[state.is] ?? state.is}${why}`;
    for (const { number } of holders) await desk.decide(number, { is: 'action', text, key: `job/${id}` }, actor.name);
  }
}

/** What people do to a thing while it has an incident stands in the timeline. Ends when the signal fires. */
export async function followJobs(options: FollowOptions, signal: AbortSignal): Promise<void> {
  for await (const event of options.events.subscribe({ actor: null, types: ['job.ended'], signal })) {
    if (event.type !== 'job.ended') continue;
    try {
      await noteJob(options, (event.data as { readonly job: Job }).job);
    } catch (error) {
      if (!signal.aborted) options.log.warn({ err: error }, 'What was done about an incident could not be noted');
    }
  }
}
