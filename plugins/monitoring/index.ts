import { definePlugin } from 'novacron/plugin';
import { createActions } from './actions/alert-create.ts';
import { alertImportActions } from './actions/alert-import.ts';
import { listActions } from './actions/alert-list.ts';
import { manageActions } from './actions/alert-manage.ts';
import { healthActions } from './actions/health.ts';
import { previewActions } from './actions/alert-preview.ts';
import { importActions } from './actions/import.ts';
import { incidentActions } from './actions/incident.ts';
import { oncallActions } from './actions/oncall.ts';
import { queryActions } from './actions/query.ts';
import { routeActions } from './actions/route.ts';
import { silenceActions } from './actions/silence.ts';
import { sqlActions } from './actions/sql.ts';
import { alertEndpoints } from './channels/endpoints.ts';
import { startCollecting } from './collector.ts';
import { config, needs } from './config.ts';
import { startHealth } from './health/start.ts';
import { incidentKind, silenceKind } from './incidents/kinds.ts';
import { incidentMigrations } from './incidents/migrations.ts';
import { startIncidents } from './incidents/start.ts';
import { metrics } from './metrics.ts';
import { panels } from './panels.ts';
import { Incidents, Rules } from './port.ts';
import { alertKind } from './rules/alert-kind.ts';
import { ruleMigrations } from './rules/migrations.ts';
import { shippedRules } from './rules/shipped.ts';
import { ruleFacts } from './rules/facts.ts';
import { rulesOf, startRules } from './rules/start.ts';

const provides = { incidents: Incidents, rules: Rules };

export default definePlugin({ name: 'monitoring', api: 1, config, needs, provides }, (tools) => ({
  metrics,
  panels,
  alerts: shippedRules,
  resources: { alert: alertKind(tools), incident: incidentKind(tools), silence: silenceKind(tools) },
  migrations: { ...ruleMigrations, ...incidentMigrations },
  endpoints: alertEndpoints(tools),
  actions: {
    ...queryActions(tools),
    ...sqlActions(tools),
    ...importActions(tools),
    ...createActions(tools),
    ...incidentActions(tools),
    ...silenceActions(tools),
    ...oncallActions(tools),
    ...routeActions(tools),
    ...previewActions(tools),
    ...listActions(tools),
    ...manageActions(tools),
    ...alertImportActions(tools),
    ...healthActions(tools),
  },
  async start(ctx) {
    const { config } = ctx;
    const { incidents, runtime } = startIncidents({ ...ctx, config: config.incidents, everySeconds: config.everySeconds });
    const { raise } = runtime;
    startCollecting(ctx, startHealth(ctx, { raise }));
    const rules = await startRules(ctx, { raise, beat: runtime.pulse.watch('rules', config.rules.everySeconds * 1000) });
    runtime.ruleSources.add(async () => ruleFacts(rulesOf(ctx).book.all()));
    return { incidents, rules };
  },
}));
