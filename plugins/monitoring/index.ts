import { definePlugin } from 'novacron/plugin';
import { createActions } from './actions/alert-create.ts';
import { alertImportActions } from './actions/alert-import.ts';
import { listActions } from './actions/alert-list.ts';
import { manageActions } from './actions/alert-manage.ts';
import { healthActions } from './actions/health.ts';
import { previewActions } from './actions/alert-preview.ts';
import { importActions } from './actions/import.ts';
import { queryActions } from './actions/query.ts';
import { sqlActions } from './actions/sql.ts';
import { collect } from './collector.ts';
import { config, needs } from './config.ts';
import { startHealth } from './health/start.ts';
import { metrics } from './metrics.ts';
import { panels } from './panels.ts';
import { Rules, type Signal } from './port.ts';
import { alertKind } from './rules/alert-kind.ts';
import { ruleMigrations } from './rules/migrations.ts';
import { shippedRules } from './rules/shipped.ts';
import { startRules } from './rules/start.ts';

export default definePlugin({ name: 'monitoring', api: 1, config, needs, provides: { rules: Rules } }, (tools) => ({
  metrics,
  panels,
  migrations: ruleMigrations,
  alerts: shippedRules,
  resources: { alert: alertKind(tools) },
  actions: {
    ...queryActions(tools),
    ...sqlActions(tools),
    ...importActions(tools),
    ...createActions(tools),
    ...previewActions(tools),
    ...listActions(tools),
    ...manageActions(tools),
    ...alertImportActions(tools),
    ...healthActions(tools),
  },
  async start(ctx) {
    const { config, services, log, signal, defer } = ctx;
    const { hypervisor, metrics } = services;
    const raise = async (signals: readonly Signal[]): Promise<void> => log.info({ signals }, 'signals were raised');
    const health = startHealth(ctx, { raise });
    const stop = new AbortController();
    const collecting = collect({
      hypervisor,
      metrics,
      log,
      everyMs: config.everySeconds * 1000,
      surveyEveryMs: config.surveySeconds * 1000,
      timeoutMs: config.timeoutSeconds * 1000,
      onSurvey: (survey) => health.survey(survey),
      signal: AbortSignal.any([signal, stop.signal]),
    });
    defer(async () => {
      stop.abort();
      await collecting;
    });
    const rules = await startRules(ctx, { raise });
    return { rules };
  },
}));
