import { definePlugin } from 'novacron/plugin';
import { importActions } from './actions/import.ts';
import { queryActions } from './actions/query.ts';
import { sqlActions } from './actions/sql.ts';
import { collect } from './collector.ts';
import { config, needs } from './config.ts';
import { metrics } from './metrics.ts';
import { panels } from './panels.ts';

export default definePlugin({ name: 'monitoring', api: 1, config, needs, provides: {} }, (tools) => ({
  metrics,
  panels,
  actions: { ...queryActions(tools), ...sqlActions(tools), ...importActions(tools) },
  start({ config, services, log, signal, defer }) {
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
    return {};
  },
}));
