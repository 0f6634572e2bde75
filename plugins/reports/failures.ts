import { HubError, type Events, type Failure, type Log, type View } from 'novacron/plugin';
import type { Incidents, Signal } from '../monitoring/port.ts';
import type { Run } from './store.ts';

export interface Tellers {
  readonly events: Events;
  /** Absent when no plugin keeps incidents. */
  readonly incidents: Incidents | undefined;
  readonly log: Log;
}

function signalOf(run: Run, { state, summary }: Pick<Signal, 'state' | 'summary'>): Signal {
  const at = run.endedAt ?? run.startedAt;
  return {
    key: `reports.failed/report/${run.tenant}/${run.report}`,
    state,
    rule: { id: 'reports.failed', title: 'A report failed' },
    severity: 'warning',
    subject: { kind: 'report', id: run.report, name: run.report, tenant: run.tenant },
    at,
    since: at,
    summary,
    values: {},
    actions: [{ action: 'report.run', label: 'Run it again', input: { report: run.report } }],
  };
}

/** A report that failed is an incident until it has run well again. What cannot be told is logged: the run itself is kept anyway. */
export async function tellEnd(run: Run, view: View, { events, incidents, log }: Tellers): Promise<void> {
  const { id, report, title, audience, failure } = run;
  try {
    if (failure === null) {
      await events.publish('report.ran', run.tenant, { run: id, report, title, audience, view: { ...view, pictures: [] } });
      await incidents?.raise([signalOf(run, { state: 'resolved', summary: `The report ${report} ran well.` })]);
    } else {
      await events.publish('report.failed', run.tenant, { run: id, report, title, audience, failure });
      await incidents?.raise([signalOf(run, { state: 'firing', summary: `The report ${report} failed: ${failure.message}` })]);
    }
  } catch (error) {
    log.error({ err: error, run: id }, 'the end of a report was not told');
  }
}

/** What failed as an error for the job. */
export const errorOf = ({ code, message }: Failure, run: string): HubError =>
  new HubError(code, message, { status: 422, details: { run } });
