import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HubError, type Base, type Clock, type Log, type Plugin, type StartContext } from '../contract.ts';
import { checkDeclarations } from './declarations.ts';
import type { LoadedPlugin } from './load.ts';
import { startOrder } from './order.ts';

export type PluginStatus =
  | { readonly is: 'waiting' }
  | { readonly is: 'started'; readonly tookMs: number }
  | { readonly is: 'failed'; readonly error: HubError }
  | { readonly is: 'stopped' };

export interface HostOptions {
  readonly plugins: readonly LoadedPlugin[];
  /** The core's services by id; a function makes one for each plugin (its own database schema, say). */
  readonly core: Readonly<Record<string, unknown>>;
  readonly coreFor: Readonly<Record<string, (plugin: string) => unknown>>;
  readonly clock: Clock;
  readonly log: (name: string) => Log;
  readonly dataDir: string;
  readonly startTimeoutMs: number;
  /** Before a plugin's start: its migrations. */
  prepare(plugin: Plugin): Promise<void>;
  onChange(plugin: string, status: PluginStatus): void;
}

interface Running {
  readonly plugin: Plugin;
  readonly base: Base<unknown, never>;
  readonly abort: AbortController;
  readonly cleanups: (() => void | Promise<void>)[];
}

export interface PluginHost {
  /** All that could be loaded, in start order. */
  readonly plugins: readonly Plugin[];
  status(): ReadonlyMap<string, PluginStatus>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What functions of the plugin get; HubError `plugin_unavailable` when it does not run. */
  base(plugin: string): Base<unknown, never>;
}

/** Starts plugins in the order of their needs and stops them in reverse. A plugin that fails takes along only those that need it. */
export function createPluginHost(options: HostOptions): PluginHost {
  const status = new Map<string, PluginStatus>();
  const running = new Map<string, Running>();
  const provided = new Map<string, unknown>();
  const fail = (name: string, error: HubError): void => set(name, { is: 'failed', error });
  const set = (name: string, next: PluginStatus): void => {
    status.set(name, next);
    options.onChange(name, next);
  };

  const configs = new Map<string, unknown>();
  const plugins = arrange(options, { configs, fail });
  for (const plugin of plugins) set(plugin.name, { is: 'waiting' });

  const startOne = async (plugin: Plugin): Promise<void> => {
    const beganAt = performance.now();
    try {
      const base = createBase(plugin, configs.get(plugin.name));
      await options.prepare(plugin);
      await withLimit(plugin.name, startPlugin(plugin, base), options.startTimeoutMs);
      set(plugin.name, { is: 'started', tookMs: Math.round(performance.now() - beganAt) });
    } catch (error) {
      fail(plugin.name, startError(plugin.name, error));
      await stopOne(plugin.name);
    }
  };

  const createBase = (plugin: Plugin, config: unknown): Running => {
    const abort = new AbortController();
    const base = { config, services: resolve(plugin), signal: abort.signal, log: options.log(plugin.name), clock: options.clock };
    const entry: Running = { plugin, base: base as Base<unknown, never>, abort, cleanups: [] };
    running.set(plugin.name, entry);
    return entry;
  };

  const resolve = (plugin: Plugin): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(plugin.needs as Record<string, { id: string }>).map(([name, { id }]) => {
        const perPlugin = options.coreFor[id];
        if (perPlugin) return [name, perPlugin(plugin.name)];
        if (id in options.core) return [name, options.core[id]];
        if (provided.has(id)) return [name, provided.get(id)];
        throw new HubError('plugin_needs_failed', `Plugin '${plugin.name}' waits for '${id}', whose plugin did not start.`, {
          status: 503,
        });
      }),
    );

  const startPlugin = async (plugin: Plugin, { base, cleanups }: Running): Promise<void> => {
    const dataDir = join(options.dataDir, 'plugins', plugin.name);
    const context = {
      ...base,
      get dataDir() {
        mkdirSync(dataDir, { recursive: true });
        return dataDir;
      },
      defer: (cleanup: () => void | Promise<void>) => void cleanups.push(cleanup),
    } as unknown as StartContext<never, never>;
    const services = ((await plugin.start?.(context)) ?? {}) as Record<string, unknown>;
    for (const [name, { id }] of Object.entries(plugin.provides as Record<string, { id: string }>)) {
      if (services[name] === undefined)
        throw new HubError('plugin_shape', `Plugin '${plugin.name}' promises '${name}' (${id}), but its start() did not return it.`);
      provided.set(id, services[name]);
    }
  };

  const stopOne = async (name: string): Promise<void> => {
    const entry = running.get(name);
    if (entry === undefined) return;
    running.delete(name);
    entry.abort.abort(new HubError('hub_stopping', 'The hub is stopping.', { status: 503, retryable: true }));
    for (const cleanup of entry.cleanups.toReversed())
      try {
        await withLimit(name, Promise.resolve(cleanup()), options.startTimeoutMs);
      } catch (error) {
        options.log(name).error({ err: error }, 'a clean-up failed');
      }
  };

  return {
    plugins,
    status: () => status,
    async start() {
      for (const plugin of plugins) await startOne(plugin);
    },
    async stop() {
      for (const name of [...running.keys()].toReversed()) {
        await stopOne(name);
        set(name, { is: 'stopped' });
      }
    },
    base(plugin) {
      const entry = running.get(plugin);
      if (entry && status.get(plugin)?.is === 'started') return entry.base;
      throw unavailable(plugin, status.get(plugin));
    },
  };
}

/** Keeps what can be loaded, in start order; what cannot fails by name and never takes the rest along. */
function arrange(
  options: HostOptions,
  { configs, fail }: { configs: Map<string, unknown>; fail(name: string, error: HubError): void },
): Plugin[] {
  let candidates: Plugin[] = [];
  for (const entry of options.plugins)
    if (entry.is === 'broken') fail(entry.name, entry.error);
    else
      try {
        checkDeclarations(entry.plugin);
        configs.set(entry.plugin.name, entry.config);
        candidates.push(entry.plugin);
      } catch (error) {
        fail(entry.plugin.name, startError(entry.plugin.name, error));
      }
  const core = new Set([...Object.keys(options.core), ...Object.keys(options.coreFor)]);
  for (;;)
    try {
      return startOrder(candidates, core);
    } catch (error) {
      if (!HubError.is(error)) throw error;
      const atFault = error.details['plugins'] as readonly string[];
      for (const name of atFault) fail(name, error);
      candidates = candidates.filter((plugin) => !atFault.includes(plugin.name));
    }
}

const startError = (name: string, error: unknown): HubError =>
  HubError.is(error)
    ? error
    : new HubError('plugin_start', `Plugin '${name}' failed to start: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });

function unavailable(plugin: string, status: PluginStatus | undefined): HubError {
  const why = status?.is === 'failed' ? status.error.message : 'it has not started';
  return new HubError('plugin_unavailable', `Plugin '${plugin}' is not running: ${why}`, { status: 503, retryable: true });
}

async function withLimit<T>(name: string, work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const message = `Plugin '${name}' did not answer within ${limitMs / 1000} s.`;
    timer = setTimeout(() => reject(new HubError('plugin_timeout', message, { status: 503 })), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
