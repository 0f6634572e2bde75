import { definePlugin } from 'novacron/plugin';
import { createActions } from './actions/alert-create.ts';
import { manageActions } from './actions/alert-manage.ts';
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
import { migrations } from './migrations.ts';
import { panels } from './panels.ts';
import { Incidents, Rules } from './port.ts';
import { alertKind } from './rules/alert-kind.ts';
import { shippedRules } from './rules/shipped.ts';
import { ruleFacts } from './rules/facts.ts';
import { rulesOf, startRules } from './rules/start.ts';

const provides = { incidents: Incidents, rules: Rules };

export default definePlugin({ name: 'monitoring', api: 1, config, needs, provides }, (tools) => ({
  metrics,
  panels,
  alerts: shippedRules,
  resources: { alert: alertKind(tools), incident: incidentKind(tools), silence: silenceKind(tools) },
  migrations: { ...migrations, ...incidentMigrations },
  endpoints: alertEndpoints(tools),
  actions: {
    ...queryActions(tools),
    ...sqlActions(tools),
    ...importActions(tools),
    ...createActions(tools),
    ...manageActions(tools),
    ...incidentActions(tools),
    ...silenceActions(tools),
    ...oncallActions(tools),
    ...routeActions(tools),
  },
  async start(ctx) {
    const { config, services, log, signal, defer } = ctx;
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
    const { incidents, runtime } = startIncidents({ ...ctx, config: config.incidents, everySeconds: config.everySeconds });
    const rules = await startRules(ctx, { raise: incidents.raise, beat: runtime.pulse.watch('rules', config.rules.everySeconds * 1000) });
    runtime.ruleSources.add(async () => ruleFacts(rulesOf(ctx).book.all()));
    return { incidents, rules };
  },
}));
