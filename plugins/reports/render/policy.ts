/** Nothing of a report may run in the reader's browser, or be fetched from anywhere: not what it holds, and not what somebody put into it. */
export const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'";
