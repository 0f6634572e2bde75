import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../contract/errors.ts';
import { hasEnded, type Job } from '../contract/jobs.ts';
import type { View } from '../contract/shown.ts';
import type { Api } from './api.ts';
import { readEvents } from './sse.ts';

export interface Ended {
  readonly job: Job;
  readonly view?: View;
}

interface FollowOptions {
  readonly jobId: string;
  readonly signal: AbortSignal;
  onChange(job: Job): void;
}

const RECONNECTS_MAX = 30;

/** Follows a job to its end, through restarts of the hub: the stream tells when to look, the job itself is the truth. */
export async function followJob(api: Api, options: FollowOptions): Promise<Ended> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await followOnce(api, options);
    } catch (error) {
      const isLost = HubError.is(error) ? error.retryable : !options.signal.aborted;
      if (!isLost || attempt >= RECONNECTS_MAX) throw error;
      await sleep(1000, undefined, { signal: options.signal });
    }
  }
}

async function followOnce(api: Api, { jobId, signal, onChange }: FollowOptions): Promise<Ended> {
  const stop = new AbortController();
  try {
    const stream = await api.open('/events?types=job.changed,job.ended', { signal: AbortSignal.any([signal, stop.signal]) });
    const look = async (): Promise<Ended> => (await api.request<Ended>('GET', `/jobs/${encodeURIComponent(jobId)}`, { signal })).body;
    const first = await look();
    if (hasEnded(first.job)) return first;
    onChange(first.job);
    for await (const { data } of readEvents(stream)) {
      const { type, data: changed } = data as { readonly type: string; readonly data?: { readonly job?: Job } };
      if (type === 'gap' || (changed?.job?.id === jobId && hasEnded(changed.job))) {
        const now = await look();
        if (hasEnded(now.job)) return now;
        onChange(now.job);
      } else if (changed?.job?.id === jobId) onChange(changed.job);
    }
  } finally {
    stop.abort();
  }
  throw new HubError('hub_unreachable', 'The stream of events ended.', { status: 503, retryable: true });
}
