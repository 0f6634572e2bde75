import { definePlugin } from 'novacron/plugin';
import { createActions } from './actions/alert-create.ts';
import { alertImportActions } from './actions/alert-import.ts';
import { manageActions } from './actions/alert-manage.ts';
import { importActions } from './actions/import.ts';
import { queryActions } from './actions/query.ts';
import { sqlActions } from './actions/sql.ts';
import { collect } from './collector.ts';
import { config, needs } from './config.ts';
import { metrics } from './metrics.ts';
import { migrations } from './migrations.ts';
import { panels } from './panels.ts';
import { Rules } from './port.ts';
import { alertKind } from './rules/alert-kind.ts';
import { shippedRules } from './rules/shipped.ts';
import { startRules } from './rules/start.ts';

export default definePlugin({ name: 'monitoring', api: 1, config, needs, provides: { rules: Rules } }, (tools) => ({
  metrics,
  panels,
  migrations,
  alerts: shippedRules,
  resources: { alert: alertKind(tools) },
  actions: {
    ...queryActions(tools),
    ...sqlActions(tools),
    ...importActions(tools),
    ...createActions(tools),
    ...manageActions(tools),
    ...alertImportActions(tools),
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
    const rules = await startRules(ctx, { raise: async (signals) => log.info({ signals }, 'signals were raised') });
    return { rules };
  },
}));
