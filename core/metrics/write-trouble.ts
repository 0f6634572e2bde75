import { HubError } from '../contract/errors.ts';

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * What DuckDB says when it could not write, as errors of ours; null for anything else. `metrics_disk_full`: this write was undone, the next may succeed.
 * `metrics_broken`: DuckDB refuses everything until it is opened anew, which the main thread does.
 */
export function writeTrouble(error: unknown): HubError | null {
  const reason = reasonOf(error);
  const isFull = /no space left|file too large|disk quota/i.test(reason);
  const isFatal = /has been invalidated|FATAL Error/.test(reason);
  if (!isFatal && !isFull) return null;
  const message = isFull
    ? 'The metrics store could not write: the disk is full. Make room; it goes on by itself, and what was acknowledged is kept.'
    : `The metrics database failed and is opened again: ${reason.split('Original error:').at(-1)?.trim().slice(0, 300) ?? ''}`;
  return new HubError(isFatal ? 'metrics_broken' : 'metrics_disk_full', message, { status: 503, retryable: true, cause: error });
}
