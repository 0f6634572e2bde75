import { connect, type Connection } from 'node-libvirt';
import { HubError, type Clock, type Log } from 'novacron/plugin';
import type { HypervisorConfig } from './config.ts';
import { hostUnreachable, toHubError } from './errors.ts';
import { memoryOf } from './host-memory.ts';
import type { Accelerator, HostState, HostStatus } from './port.ts';
import { ensurePool } from './pool.ts';
import { sleep } from './wait.ts';

export interface HostLinkOptions {
  readonly host: HypervisorConfig['hosts'][number];
  readonly config: HypervisorConfig;
  /** What setup found out about this machine; null: it was not probed. */
  readonly probed: Accelerator | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Called each time a connection is ready; a failure ends that connection. */
  onConnected(link: HostLink, conn: Connection): Promise<void>;
  /** Called when an attempt to connect failed. */
  onUnreachable(link: HostLink): void;
}

/** Why a connection ended. */
interface Loss {
  readonly reason: string;
  /** Whether it ever was ready. */
  readonly wasReady: boolean;
  readonly denial?: HubError;
}

const CALL_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 8_000;
const PAUSE_MS_MIN = 200;
const PAUSE_MS_MAX = 3_000;

/** One host and the connection to it, which is made again for as long as the hub runs. */
export class HostLink {
  readonly name: string;
  readonly uri: string;
  readonly #options: HostLinkOptions;
  readonly #firstAttempt = Promise.withResolvers<void>();
  #conn: Connection | undefined;
  #state: HostState;
  /** The host answered, but does not let us in: that does not pass by waiting. */
  #denial: HubError | undefined;
  #cpus = 0;
  #memoryBytes = 0;
  readonly #accelerator: Accelerator;
  #poolPath = '';

  constructor(options: HostLinkOptions) {
    this.#options = options;
    this.name = options.host.name;
    this.uri = options.host.uri;
    this.#state = { is: 'unreachable', since: options.clock.now(), reason: 'it was not tried yet' };
    this.#accelerator = acceleratorOf(options);
  }

  /** Resolves when the first attempt has ended, either way. */
  get firstAttempt(): Promise<void> {
    return this.#firstAttempt.promise;
  }

  get status(): HostStatus {
    const { name, uri } = this;
    return {
      id: name,
      name,
      uri,
      state: this.#state,
      cpus: this.#cpus,
      memoryBytes: this.#memoryBytes,
      accelerator: this.#accelerator,
    };
  }

  /** Folder of the pool on the host. */
  get poolPath(): string {
    return this.#poolPath;
  }

  /** The connection of now; HubErrors `host_unreachable`, `host_denied`. */
  get connection(): Connection {
    if (this.#conn) return this.#conn;
    if (this.#denial) throw this.#denial;
    throw hostUnreachable(this.name, this.#state.is === 'unreachable' ? this.#state.reason : 'the connection is being made');
  }

  /** Runs what talks to the host; whatever it throws comes out as a HubError. */
  async use<T>(work: (conn: Connection) => Promise<T>): Promise<T> {
    try {
      return await work(this.connection);
    } catch (error) {
      throw toHubError(this.name, error);
    }
  }

  /** Connects, and again after each loss, until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = PAUSE_MS_MIN;
    while (!signal.aborted) {
      const reason = await this.#connectOnce(signal, () => (pauseMs = PAUSE_MS_MIN));
      this.#firstAttempt.resolve();
      if (signal.aborted) return;
      this.#lost(reason);
      await sleep(pauseMs, signal).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }

  /** One connection from its opening to its end. Returns why it ended, and whether it ever was ready. */
  async #connectOnce(signal: AbortSignal, onReady: () => void): Promise<Loss> {
    let conn: Connection | undefined;
    let wasReady = false;
    const ended = Promise.withResolvers<string>();
    const onAbort = (): void => ended.resolve('the hub stops');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { credentials } = this.#options.host;
      conn = await connect(this.uri, {
        signal,
        timeoutMs: CONNECT_TIMEOUT_MS,
        ...(credentials && { credentials: { username: credentials.username, password: () => credentials.password.reveal() } }),
      });
      conn.onClose((error) => ended.resolve(error.message));
      await this.#learn(conn);
      this.#conn = conn;
      await this.#options.onConnected(this, conn);
      wasReady = true;
      this.#state = { is: 'connected', since: this.#options.clock.now() };
      this.#options.log.info({ host: this.name }, 'a host is connected');
      this.#firstAttempt.resolve();
      onReady();
      return { reason: await ended.promise, wasReady };
    } catch (error) {
      const mapped = toHubError(this.name, error);
      const cause = mapped.cause instanceof Error ? mapped.cause.message : mapped.message;
      return { reason: cause, wasReady, ...(mapped.code === 'host_denied' && { denial: mapped }) };
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#conn = undefined;
      await conn?.close();
    }
  }

  #lost({ reason, wasReady, denial }: Loss): void {
    this.#denial = denial;
    const known = this.#state.is === 'unreachable' && this.#state.reason === reason;
    if (!known) {
      this.#options.log.warn({ host: this.name, reason }, 'a host cannot be reached');
      this.#state = { is: 'unreachable', since: this.#options.clock.now(), reason };
    }
    // A daemon that is restarted is back before the next attempt: only a failed attempt means that nobody knows.
    if (!wasReady) this.#options.onUnreachable(this);
  }

  async #learn(conn: Connection): Promise<void> {
    const { config } = this.#options;
    const call = { timeoutMs: CALL_TIMEOUT_MS };
    const [node, memory] = await Promise.all([conn.getNodeInfo(call), memoryOf(conn, call)]);
    this.#cpus = node.cpus;
    this.#memoryBytes = memory.totalBytes;
    this.#poolPath = await ensurePool(conn, { name: config.pool, dir: config.poolDir });
  }
}

/** What the config says, else what setup's probe said. A device file or a capability proves nothing: hosts exist whose KVM hangs every guest. */
function acceleratorOf({ host, config, probed }: HostLinkOptions): Accelerator {
  if (host.accelerator !== 'auto') return host.accelerator;
  return config.accelerator === 'auto' ? (probed ?? 'tcg') : config.accelerator;
}

/** HubError `host_unknown`. */
export function linkOf(links: ReadonlyMap<string, HostLink>, name: string): HostLink {
  const link = links.get(name);
  if (link) return link;
  const names = [...links.keys()].join(', ') || 'none';
  throw new HubError('host_unknown', `There is no host '${name.slice(0, 100)}'. Configured are: ${names}.`, { status: 404 });
}
