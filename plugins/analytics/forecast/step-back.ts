import { readlinkSync } from 'node:fs';
import { platform, setPriority } from 'node:os';

/** Of Unix: 19 is the last in the queue. */
const NICENESS = 15;

/**
 * Puts the thread that calls behind all others in the queue for a processor: a training has time, the main loop has not. On Linux alone, where
 * threads have a priority of their own; elsewhere nothing happens.
 */
export function stepBack(): void {
  if (platform() !== 'linux') return;
  const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  setPriority(thread, NICENESS);
}
