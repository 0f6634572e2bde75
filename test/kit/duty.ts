import type { Duty } from '../../core/contract.ts';

/** A duty of a hub that is alone: it lasts until the signal fires. */
export const lastingDuty = (signal: AbortSignal): Duty => ({
  signal,
  check: () => signal.throwIfAborted(),
  fence: () => Promise.resolve(),
});
