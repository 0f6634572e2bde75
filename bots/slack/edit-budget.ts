/** Slack takes about 50 edits a minute of one app: some are kept back for the ends of jobs and for answers. */
const PER_SECOND = 0.6;
const BURST = 20;

/** How long progress must wait so that many jobs at once do not run into Slack's rate limit, which would hold up every answer. */
export interface EditBudget {
  /** Milliseconds to wait before the next progress may be shown; 0: now. */
  waitMs(): number;
  /** Counts an edit. The end of a job is shown in any case and may overdraw. */
  spend(): void;
}

/** `now` in milliseconds, monotonic. */
export function createEditBudget(now: () => number = () => performance.now()): EditBudget {
  let [left, at] = [BURST, now()];
  const refill = (): void => {
    const later = now();
    left = Math.min(BURST, left + ((later - at) / 1_000) * PER_SECOND);
    at = later;
  };
  return {
    waitMs() {
      refill();
      return left >= 1 ? 0 : Math.ceil(((1 - left) / PER_SECOND) * 1_000);
    },
    spend() {
      refill();
      left -= 1;
    },
  };
}
