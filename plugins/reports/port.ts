import type { Failure, View } from 'novacron/plugin';

/** What others hear of reports. */
declare module 'novacron/plugin' {
  interface EventTypes {
    /** A run has ended well. `audience`: where its schedule wants it posted, in a channel's own words (`#ops`); null: nowhere. */
    'report.ran': {
      readonly run: string;
      readonly report: string;
      readonly title: string;
      readonly audience: string | null;
      readonly view: View;
    };
    'report.failed': {
      readonly run: string;
      readonly report: string;
      readonly title: string;
      readonly audience: string | null;
      readonly failure: Failure;
    };
  }
}
