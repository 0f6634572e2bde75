import type { Clock } from 'novacron/plugin';
import type { Channel, Incident, Signal } from '../port.ts';
import type { AlertmanagerConfig } from './config.ts';
import { postJson, targetOf } from './http.ts';

/** So long Alertmanager goes on when it hears nothing more: we tell it of changes, not every minute. */
const LAST_MS = 7 * 86_400_000;

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const iso = (at: number): string => new Date(at).toISOString();

function labelsOf({ id }: Incident, { rule, severity, subject, labels = {} }: Signal): Record<string, string> {
  const facts = { alertname: rule.id, severity, kind: subject.kind, name: subject.name, incident: id };
  const rest = {
    ...(subject.device !== undefined && { device: subject.device }),
    ...(subject.tenant !== null && { tenant: subject.tenant }),
  };
  const own = Object.entries(labels).filter(([name, value]) => LABEL.test(name) && value !== '');
  return { ...Object.fromEntries(own), ...facts, ...rest };
}

/** One alert for each signal: what Alertmanager takes for the same alert is the set of its labels. */
export function alertsOf(incident: Incident, now: number): readonly object[] {
  return incident.signals.map((signal) => {
    const isOver = signal.state === 'resolved' || incident.state === 'resolved';
    const endsAt = isOver ? Math.min(now, incident.resolvedAt ?? signal.at) : now + LAST_MS;
    return {
      labels: labelsOf(incident, signal),
      annotations: { summary: signal.summary, incident: incident.title },
      // It must not end before it began, also when the clock was set.
      startsAt: iso(Math.min(signal.since, endsAt)),
      endsAt: iso(endsAt),
    };
  });
}

/** To Prometheus' Alertmanager, by its API v2: its own routes and silences apply from there on. */
export const createAlertmanager = (targets: Readonly<Record<string, AlertmanagerConfig>>, clock: Clock): Channel => ({
  name: 'alertmanager',
  edits: true,
  async deliver({ about, to }, signal) {
    const { url, token } = targetOf(targets, to, 'alertmanager');
    if (about.is === 'silence') return { receipt: 'not told: silences of the hub are no alerts' };
    const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
    const body = JSON.stringify(alertsOf(about.incident, clock.now()));
    return { receipt: await postJson({ url: `${url.replace(/\/+$/, '')}/api/v2/alerts`, body, headers, signal }) };
  },
});
