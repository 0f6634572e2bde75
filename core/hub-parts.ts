import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  HubError,
  type Clock,
  type DeclaredAlert,
  type Database,
  type Events,
  type HubCheck,
  type HubInfo,
  type Log,
  type Metrics,
  type Panel,
} from './contract.ts';
import type { DeclaredEndpoint } from './http/deps.ts';
import { openMetrics } from './metrics/metrics.ts';
import type { HubConfig } from './plugins/hub-config.ts';
import type { LoadedPlugin } from './plugins/load.ts';
import type { PluginHost, PluginStatus } from './plugins/host.ts';
import type { State } from './state/state.ts';

/** What makes this data folder's hub the same hub after a restart: its jobs are recovered under this id. */
export function hubId(dataDir: string): string {
  const file = join(dataDir, 'hub-id');
  if (!existsSync(file)) writeFileSync(file, `hub-${randomUUID()}`, { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

/** The plugin's own schema exists only after its migrations, so it is opened at first use. */
export function pluginDatabase(state: State, plugin: string): Database {
  let opened: Promise<Database> | undefined;
  const open = (): Promise<Database> => (opened ??= state.pluginDatabase(plugin));
  return {
    sql: async (strings, ...values) => (await open()).sql(strings, ...values),
    transaction: async (work) => (await open()).transaction(work),
  };
}

interface MetricsOptions {
  readonly dataDir: string;
  readonly config: Pick<HubConfig, 'metrics'>;
  readonly plugins: readonly LoadedPlugin[];
  readonly clock: Clock;
  readonly log: (name: string) => Log;
}

/** Opens the metrics store. Another process holding its file must not stop the hub: then every use of metrics says so. */
export async function startMetrics(
  { dataDir, config, plugins, clock, log }: MetricsOptions,
  { stack, announce }: { stack: AsyncDisposableStack; announce: HubInfo['announce'] },
): Promise<Metrics> {
  const declared = plugins.flatMap((entry) =>
    entry.is === 'loaded' && entry.plugin.metrics ? [{ plugin: entry.plugin.name, metrics: entry.plugin.metrics }] : [],
  );
  try {
    const metrics = await openMetrics({ dataDir, clock, log: log('metrics'), declared, ...config.metrics });
    stack.defer(() => metrics.close());
    return metrics;
  } catch (error) {
    if (!HubError.is(error)) throw error;
    announce({ label: 'metrics', text: error.message, tone: 'warn' });
    return metricsUnavailable(error);
  }
}

function metricsUnavailable(error: HubError): Metrics {
  const refuse = async () => {
    throw error;
  };
  return {
    write: refuse,
    writeColumns: refuse,
    windows: refuse,
    query: refuse,
    sql: refuse,
    importFile: refuse,
    latest: () => [],
    newest: () => [],
    declared: () => new Map(),
    onWrite: () => () => {},
  };
}

export function reportPlugin({ plugin, status, log, events }: { plugin: string; status: PluginStatus; log: Log; events: Events }): void {
  const reason = status.is === 'failed' ? status.error.message : null;
  if (status.is === 'failed') log.error({ plugin, code: status.error.code, err: status.error }, 'a plugin failed');
  else log.debug({ plugin, ...status }, 'a plugin changed its state');
  if (status.is === 'stopped' || status.is === 'waiting') return;
  events
    .publish('plugin.changed', null, { plugin, state: status.is, reason })
    .catch((err: unknown) => log.warn({ err }, 'an event was not published'));
}

export const panelsOf = (host: PluginHost): readonly (Panel & { readonly id: string })[] =>
  host.plugins.flatMap(({ panels = {} }) => Object.entries(panels).map(([id, panel]) => ({ id, ...panel })));

export const alertsOf = (host: PluginHost): readonly DeclaredAlert[] =>
  host.plugins.flatMap(({ name, alerts = {} }) =>
    Object.entries(alerts).map(([key, rule]) => ({ id: `${name}.${key}`, plugin: name, rule })),
  );

export const pagesOf = (host: PluginHost): ReadonlyMap<string, URL> =>
  new Map(host.plugins.flatMap(({ pages = {} }) => Object.entries(pages)));

export const endpointsOf = (host: PluginHost): readonly DeclaredEndpoint[] =>
  host.plugins.flatMap(({ name, endpoints = {} }) =>
    Object.entries(endpoints).map(([key, endpoint]) => ({ plugin: name, key, endpoint, base: () => host.base(name) })),
  );

/** A queue that is fuller than this soon takes no more. */
const JOBS_FULL_RATIO = 0.8;

export async function checkHealth({
  state,
  host,
  metrics,
  jobs,
}: {
  state: State;
  host: PluginHost;
  metrics: Metrics;
  jobs: { readonly open: number; readonly max: number };
}): Promise<readonly HubCheck[]> {
  const check = async (name: string, ask: () => Promise<unknown>): Promise<HubCheck> => {
    try {
      await ask();
      return { name, ok: true, detail: null };
    } catch (error) {
      return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  };
  const plugins = [...host.status()].map(([name, status]): HubCheck => {
    const detail = status.is === 'failed' ? status.error.message : status.is === 'started' ? null : status.is;
    return { name: `plugin ${name}`, ok: status.is === 'started', detail };
  });
  const select = () => metrics.sql('select 1 as one', { signal: AbortSignal.timeout(2_000) });
  const isFull = jobs.open > jobs.max * JOBS_FULL_RATIO;
  const queue: HubCheck = { name: 'jobs', ok: !isFull, detail: isFull ? `${jobs.open} of at most ${jobs.max} jobs are open.` : null };
  return [await check('postgresql', () => state.ping()), await check('metrics', select), queue, ...plugins];
}

/** Without PostgreSQL the hub cannot work; without anything else it works less. */
export const reportHealth = (checks: readonly HubCheck[]) => ({
  ready: checks.every(({ name, ok }) => ok || name !== 'postgresql'),
  reasons: checks.flatMap(({ name, ok, detail }) => (ok ? [] : [`${name}: ${detail ?? 'not well'}`])),
});
