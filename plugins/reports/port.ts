import { defineService, type Failure, type View } from 'novacron/plugin';

interface AboutRun {
  readonly run: string;
  readonly report: string;
  readonly title: string;
  /** Where the run is to be posted, in a channel's own words (`#ops`); null: nowhere. */
  readonly audience: string | null;
}

/** What others hear of reports. Posting them is not for who hears of these: see `Reports`. */
export interface ReportEvents {
  /** A run has ended well; the view is without its pictures. */
  'report.ran': AboutRun & { readonly view: View };
  'report.failed': AboutRun & { readonly failure: Failure };
}

declare module 'novacron/plugin' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- types are added here to those of the hub
  interface EventTypes extends ReportEvents {}
}

/** The end of a run, for those whom its audience names. */
export interface ReportPost {
  /** The same for each attempt: what was taken under it before must not be shown twice. */
  readonly id: string;
  /** In the channel's own words: `#ops`. */
  readonly to: string;
  /** Counts from 1. From the second on nobody knows whether the one before was taken. */
  readonly attempt: number;
  readonly view: View;
}

/** A chat that can show it. */
export interface ReportChannel {
  /** Resolves when it was taken. A HubError that is not retryable is given up, anything else tried again for a day, within 30 s each. */
  deliver(post: ReportPost, signal: AbortSignal): Promise<{ readonly receipt: string }>;
}

/** Ends of runs are kept until a chat has taken them, over crashes of the hub. */
export interface Reports {
  /** The newest channel gets them; returns how to take it back. */
  offer(channel: ReportChannel): () => void;
}
export const Reports = defineService<Reports>('reports');
