import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HubError, type Base, type Clock, type Log, type Plugin, type ServiceRef, type StartContext } from '../contract.ts';
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

/** Starts plugins in the order of their needs and stops them in reverse. A plugin that fails takes along only those that need it. */
export class PluginHost {
  /** All that could be loaded, in start order. */
  readonly plugins: readonly Plugin[];
  readonly #options: HostOptions;
  readonly #status = new Map<string, PluginStatus>();
  readonly #running = new Map<string, Running>();
  readonly #provided = new Map<string, unknown>();
  readonly #configs = new Map<string, unknown>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.plugins = arrange(options, { configs: this.#configs, fail: (name, error) => this.reject(name, error) });
    for (const plugin of this.plugins) this.#set(plugin.name, { is: 'waiting' });
  }

  status(): ReadonlyMap<string, PluginStatus> {
    return this.#status;
  }

  async start(): Promise<void> {
    for (const plugin of this.plugins) if (this.#status.get(plugin.name)?.is === 'waiting') await this.#startOne(plugin);
  }

  /** Keeps a plugin from being started. */
  reject(name: string, error: HubError): void {
    this.#set(name, { is: 'failed', error });
  }

  async stop(): Promise<void> {
    for (const name of [...this.#running.keys()].toReversed()) {
      await this.#stopOne(name);
      this.#set(name, { is: 'stopped' });
    }
  }

  /** What functions of the plugin get; HubError `plugin_unavailable` when it does not run. */
  base(plugin: string): Base<unknown, never> {
    const entry = this.#running.get(plugin);
    const status = this.#status.get(plugin);
    if (entry && status?.is === 'started') return entry.base;
    const why = status?.is === 'failed' ? status.error.message : 'it has not started.';
    throw new HubError('plugin_unavailable', `Plugin '${plugin}' is not running: ${why}`, { status: 503, retryable: true });
  }

  #set(name: string, next: PluginStatus): void {
    this.#status.set(name, next);
    this.#options.onChange(name, next);
  }

  async #startOne(plugin: Plugin): Promise<void> {
    const beganAt = performance.now();
    try {
      const entry = this.#createEntry(plugin);
      await this.#options.prepare(plugin);
      await withLimit(plugin.name, this.#callStart(entry), this.#options.startTimeoutMs);
      this.#set(plugin.name, { is: 'started', tookMs: Math.round(performance.now() - beganAt) });
    } catch (error) {
      this.reject(plugin.name, startError(plugin.name, error));
      await this.#stopOne(plugin.name);
    }
  }

  #createEntry(plugin: Plugin): Running {
    const { log, clock } = this.#options;
    const abort = new AbortController();
    const services = this.#resolveNeeds(plugin);
    const base = { config: this.#configs.get(plugin.name), services, signal: abort.signal, log: log(plugin.name), clock };
    const entry: Running = { plugin, base: base as unknown as Base<unknown, never>, abort, cleanups: [] };
    this.#running.set(plugin.name, entry);
    return entry;
  }

  #resolveNeeds(plugin: Plugin): Record<string, unknown> {
    const { core, coreFor } = this.#options;
    const needs = Object.entries(plugin.needs as Record<string, ServiceRef<unknown>>);
    return Object.fromEntries(
      needs.map(([name, { id, optional = false }]) => {
        const perPlugin = coreFor[id];
        if (perPlugin) return [name, perPlugin(plugin.name)];
        if (id in core) return [name, core[id]];
        if (optional || this.#provided.has(id)) return [name, this.#provided.get(id)];
        throw new HubError('plugin_needs_failed', `Plugin '${plugin.name}' waits for '${id}', whose plugin did not start.`, {
          status: 503,
        });
      }),
    );
  }

  async #callStart({ plugin, base, cleanups }: Running): Promise<void> {
    const dataDir = join(this.#options.dataDir, 'plugins', plugin.name);
    const context = {
      ...base,
      get dataDir() {
        mkdirSync(dataDir, { recursive: true });
        return dataDir;
      },
      defer: (cleanup: () => void | Promise<void>) => void cleanups.push(cleanup),
    } as unknown as StartContext<never, never>;
    const services: Readonly<Record<string, unknown>> = (await plugin.start?.(context)) ?? {};
    for (const [name, { id }] of Object.entries(plugin.provides as Record<string, { id: string }>)) {
      if (services[name] === undefined)
        throw new HubError('plugin_shape', `Plugin '${plugin.name}' promises '${name}' (${id}), but its start() did not return it.`);
      this.#provided.set(id, services[name]);
    }
  }

  async #stopOne(name: string): Promise<void> {
    const entry = this.#running.get(name);
    if (entry === undefined) return;
    this.#running.delete(name);
    entry.abort.abort(new HubError('hub_stopping', 'The hub is stopping.', { status: 503, retryable: true }));
    for (const cleanup of entry.cleanups.toReversed())
      try {
        await withLimit(name, Promise.resolve(cleanup()), this.#options.startTimeoutMs);
      } catch (error) {
        this.#options.log(name).error({ err: error }, 'a clean-up failed');
      }
  }
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
