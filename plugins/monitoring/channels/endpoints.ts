import { HubError, type EndpointContext } from 'novacron/plugin';
import type { Config, MonitoringTools, Needs } from '../config.ts';
import { incidentsOf } from '../incidents/runtime.ts';
import { readAlertmanager, readGrafana, refuseStranger, signalOf, type ForeignAlert } from './alerts-in.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;

type Context = EndpointContext<Config, Needs>;
type Read = (body: string, now: number) => readonly ForeignAlert[];

async function take(ctx: Context, request: Request, read: Read): Promise<Response> {
  const { actor, services, clock } = ctx;
  if (actor === null) throw new HubError('auth_missing', 'Send a token of the hub as a Bearer.', { status: 401 });
  refuseStranger(actor, services.actions);
  const now = clock.now();
  const alerts = read(await request.text(), now);
  const signals = await Promise.all(alerts.map((alert) => signalOf(alert, { actor, resources: services.resources, now })));
  await incidentsOf(ctx).raise(signals);
  return Response.json({ status: 'success', taken: signals.length });
}

/** Where other systems send what they found. */
export const alertEndpoints = ({ endpoint }: MonitoringTools) => ({
  'POST /api/v2/alerts': endpoint({
    help: "Prometheus sends its alerts here as to an Alertmanager: path_prefix /api/v1/monitoring, authorization with an operator's token",
    bodyBytesMax: BODY_BYTES_MAX,
    handle: (ctx, request) => take(ctx, request, readAlertmanager),
  }),
  'POST /grafana/alerts': endpoint({
    help: "Address of a Grafana contact point of type webhook, authorization with an operator's token",
    bodyBytesMax: BODY_BYTES_MAX,
    handle: (ctx, request) => take(ctx, request, readGrafana),
  }),
});
