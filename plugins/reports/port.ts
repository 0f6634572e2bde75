import type { Failure, View } from 'novacron/plugin';

interface AboutRun {
  readonly run: string;
  readonly report: string;
  readonly title: string;
  /** Where the run is to be posted, in a channel's own words (`#ops`); null: nowhere. */
  readonly audience: string | null;
}

/** What others hear of reports. */
export interface ReportEvents {
  /** A run has ended well. */
  'report.ran': AboutRun & { readonly view: View };
  'report.failed': AboutRun & { readonly failure: Failure };
}

declare module 'novacron/plugin' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- types are added here to those of the hub
  interface EventTypes extends ReportEvents {}
}
