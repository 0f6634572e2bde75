import { createHash } from 'node:crypto';
import { HubError, type Actions, type Actor, type Resources } from 'novacron/plugin';
import { z } from 'zod';
import { tenantOf } from '../incidents/tenancy.ts';
import type { Severity, Signal, Subject } from '../port.ts';

const ALERTS_MAX = 5_000;
const LABELS_MAX = 64;
const TEXT_LENGTH_MAX = 1_000;
/** Prometheus says again that an alert goes on; one that it says nothing of for so long is over. */
const LAST_MS = 300_000;

const text = z.string().transform((value) => value.slice(0, TEXT_LENGTH_MAX));
const labels = z
  .record(z.string().max(200), text)
  .refine((record) => Object.keys(record).length <= LABELS_MAX, `has more than ${LABELS_MAX} entries`);
const instant = z.string().transform((value, ctx) => {
  const at = Date.parse(value);
  if (Number.isNaN(at)) ctx.addIssue({ code: 'custom', message: 'must be an instant' });
  // Go writes the year 1 for "none".
  return at < 0 ? undefined : at;
});

/** What Prometheus and Grafana say of one alert, in the same words. */
export interface ForeignAlert {
  readonly source: 'prometheus' | 'grafana';
  readonly state: Signal['state'];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly since: number;
  readonly fingerprint: string;
  readonly expiresAt: number | undefined;
  readonly values: Readonly<Record<string, number>>;
}

const alertmanagerBody = z
  .array(z.looseObject({ labels, annotations: labels.default({}), startsAt: instant.optional(), endsAt: instant.optional() }))
  .max(ALERTS_MAX);

const grafanaBody = z.looseObject({
  alerts: z
    .array(
      z.looseObject({
        status: z.enum(['firing', 'resolved']),
        labels,
        annotations: labels.default({}),
        startsAt: instant.optional(),
        fingerprint: z.string().max(100).optional(),
        values: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .max(ALERTS_MAX),
});

function parse<T>(schema: z.ZodType<T>, body: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new HubError('alerts_invalid', 'The body is not JSON.', { status: 400, cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new HubError('alerts_invalid', `The alerts are not as they should be: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`, {
    status: 400,
  });
}

const fingerprintOf = (record: Readonly<Record<string, string>>): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex')
    .slice(0, 16);

/** The body of Alertmanager's `POST /api/v2/alerts`. HubError `alerts_invalid`. */
export function readAlertmanager(body: string, now: number): readonly ForeignAlert[] {
  return parse(alertmanagerBody, body).map(({ labels, annotations, startsAt, endsAt }) => {
    const isOver = endsAt !== undefined && endsAt <= now;
    return {
      source: 'prometheus',
      state: isOver ? 'resolved' : 'firing',
      labels,
      annotations,
      since: startsAt ?? now,
      fingerprint: fingerprintOf(labels),
      expiresAt: isOver ? undefined : (endsAt ?? now + LAST_MS),
      values: {},
    };
  });
}

const numbersIn = (values: Readonly<Record<string, unknown>> | null | undefined): Record<string, number> =>
  Object.fromEntries(Object.entries(values ?? {}).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));

/** The body of a Grafana webhook. It says when an alert ends, so none runs out by itself. HubError `alerts_invalid`. */
export const readGrafana = (body: string, now: number): readonly ForeignAlert[] =>
  parse(grafanaBody, body).alerts.map(({ status, labels, annotations, startsAt, fingerprint, values }) => ({
    source: 'grafana',
    state: status,
    labels,
    annotations,
    since: startsAt ?? now,
    fingerprint: fingerprint ?? fingerprintOf(labels),
    expiresAt: undefined,
    values: numbersIn(values),
  }));

const SEVERITIES: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  page: 'critical',
  error: 'critical',
  info: 'info',
  none: 'info',
};

export interface Sender {
  readonly actor: Actor;
  readonly resources: Resources;
  readonly now: number;
}

/** A thing of the hub when the labels `vm` or `host` name one that the sender may see; else the alert stands for itself. */
async function subjectOf({ labels, fingerprint }: ForeignAlert, { actor, resources }: Sender): Promise<Subject> {
  for (const kind of ['vm', 'host'] as const) {
    const named = labels[kind];
    if (named === undefined || !resources.kinds().some((each) => each.kind === kind)) continue;
    try {
      const { id, name, tenant } = await resources.get(kind, named, actor);
      return { kind, id, name, tenant };
    } catch (error) {
      if (!HubError.is(error) || error.status !== 404) throw error;
    }
  }
  const name = [labels['alertname'], labels['instance']].filter((part) => part !== undefined).join(' ') || fingerprint;
  return { kind: 'alert', id: fingerprint, name, tenant: tenantOf(actor) };
}

/** A signal whose key holds the sender's tenant: nobody ends the alerts of others. */
export async function signalOf(alert: ForeignAlert, sender: Sender): Promise<Signal> {
  const { source, state, labels, annotations, since, fingerprint, expiresAt, values } = alert;
  const name = labels['alertname'] ?? 'alert';
  return {
    key: `${source}/${tenantOf(sender.actor) ?? ''}/${fingerprint}`,
    state,
    rule: { id: `${source}.${name}`.slice(0, 200), title: name },
    severity: SEVERITIES[labels['severity']?.toLowerCase() ?? ''] ?? 'warning',
    subject: await subjectOf(alert, sender),
    at: sender.now,
    since: Math.min(since, sender.now),
    summary: annotations['summary'] ?? annotations['description'] ?? annotations['message'] ?? name,
    values,
    labels,
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Who may raise incidents by hand may send alerts. HubError `permission_denied`. */
export function refuseStranger(actor: Actor, actions: Pick<Actions, 'offers'>): void {
  if (actions.offers('incident.raise', actor)) return;
  throw new HubError('permission_denied', `${actor.name} (${actor.role}) may not send alerts. Use the token of an operator.`, {
    status: 403,
  });
}
