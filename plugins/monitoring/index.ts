import { definePlugin } from 'novacron/plugin';
import { importActions } from './actions/import.ts';
import { incidentActions } from './actions/incident.ts';
import { oncallActions } from './actions/oncall.ts';
import { queryActions } from './actions/query.ts';
import { routeActions } from './actions/route.ts';
import { silenceActions } from './actions/silence.ts';
import { sqlActions } from './actions/sql.ts';
import { alertEndpoints } from './channels/endpoints.ts';
import { collect } from './collector.ts';
import { config, needs } from './config.ts';
import { incidentKind, silenceKind } from './incidents/kinds.ts';
import { incidentMigrations } from './incidents/migrations.ts';
import { startIncidents } from './incidents/start.ts';
import { metrics } from './metrics.ts';
import { panels } from './panels.ts';
import { Incidents } from './port.ts';

export default definePlugin({ name: 'monitoring', api: 1, config, needs, provides: { incidents: Incidents } }, (tools) => ({
  metrics,
  panels,
  resources: { incident: incidentKind(tools), silence: silenceKind(tools) },
  migrations: incidentMigrations,
  endpoints: alertEndpoints(tools),
  actions: {
    ...queryActions(tools),
    ...sqlActions(tools),
    ...importActions(tools),
    ...incidentActions(tools),
    ...silenceActions(tools),
    ...oncallActions(tools),
    ...routeActions(tools),
  },
  start(context) {
    const { config, services, log, signal, defer } = context;
    const { hypervisor, metrics } = services;
    const stop = new AbortController();
    const collecting = collect({
      hypervisor,
      metrics,
      log,
      everyMs: config.everySeconds * 1000,
      surveyEveryMs: config.surveySeconds * 1000,
      timeoutMs: config.timeoutSeconds * 1000,
      signal: AbortSignal.any([signal, stop.signal]),
    });
    defer(async () => {
      stop.abort();
      await collecting;
    });
    const { everySeconds } = config;
    const { incidents } = startIncidents({ ...context, config: config.incidents, everySeconds });
    return { incidents };
  },
}));
