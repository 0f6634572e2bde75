import type { Connection } from 'node-libvirt';
import type { StartContext } from 'novacron/plugin';
import type { HypervisorConfig } from './config.ts';
import { HostLink, linkOf } from './host-link.ts';
import { Inventory } from './inventory.ts';
import type { Hypervisor } from './port.ts';
import { Reconciler } from './reconciler.ts';
import { setRuntime, type needs, type Runtime } from './runtime.ts';
import { scrapeHost } from './scrape.ts';
import { Store } from './store.ts';
import { surveyHost } from './survey.ts';
import { TinyImages } from './tiny.ts';
import { keepSweeping } from './trash-sweeper.ts';
import { sleep } from './wait.ts';

type Context = StartContext<HypervisorConfig, typeof needs>;

const FIRST_ATTEMPT_MS = 3_000;
const SCRAPE_TIMEOUT_MS = 8_000;

/** Connects to all hosts in the background; one that cannot be reached holds up nothing. */
export async function start(ctx: Context): Promise<{ hypervisor: Hypervisor }> {
  const { config, services, clock, log, defer } = ctx;
  const ending = new AbortController();
  const signal = AbortSignal.any([ctx.signal, ending.signal]);
  const inventory = new Inventory();
  const store = new Store(services.database);
  const reconciler = new Reconciler({ inventory, store, events: services.events, clock, log });
  await reconciler.load();
  const watching = new Watching({ reconciler, log, everyMs: config.reconcileSeconds * 1000, signal });
  const links = new Map(
    config.hosts.map((host) => [
      host.name,
      new HostLink({
        host,
        config,
        probed: services.hub.machine.accelerator,
        clock,
        log,
        onConnected: (link, conn) => watching.begin(link, conn),
        onUnreachable: (link) => reconciler.lost(link.name),
      }),
    ]),
  );
  const tiny = new TinyImages({ files: config.tiny, dir: services.hub.machine.imagesDir, pool: config.pool });
  const runtime: Runtime = { config, links, inventory, reconciler, store, tiny, clock, log };
  setRuntime(services.database, runtime);
  const running = [...links.values()].map((link) => link.run(signal));
  const sweeping = keepSweeping(runtime, services.actions, signal);
  defer(async () => {
    ending.abort();
    await Promise.all([...running, sweeping, watching.ended()]);
  });
  await firstAttempts(links, signal);
  announce(ctx, links);
  return { hypervisor: port(runtime) };
}

const firstAttempts = (links: Runtime['links'], signal: AbortSignal): Promise<unknown> =>
  Promise.race([Promise.all([...links.values()].map((link) => link.firstAttempt)), sleep(FIRST_ATTEMPT_MS, signal)]);

function announce({ services }: Context, links: Runtime['links']): void {
  for (const { name, status } of links.values())
    if (status.state.is === 'unreachable')
      services.hub.announce({
        label: `Host ${name}`,
        text: `cannot be reached (${status.state.reason}). Point 'hosts' of plugin hypervisor in plugins.json at a libvirt daemon; it is tried all the time.`,
        tone: 'warn',
      });
}

const port = ({ links, inventory, clock }: Runtime): Hypervisor => ({
  hosts: () => [...links.values()].map((link) => link.status),
  vms: () => inventory.all(),
  scrape: async (hostId, signal, { timeoutMs = SCRAPE_TIMEOUT_MS } = {}) => scrapeHost(linkOf(links, hostId), { clock, signal, timeoutMs }),
  survey: async (hostId, signal) => surveyHost(linkOf(links, hostId), { clock, signal }),
});

interface WatchingOptions {
  readonly reconciler: Reconciler;
  readonly log: Context['log'];
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Looks at a host when something happens there, and now and then because events can be lost. */
class Watching {
  readonly #options: WatchingOptions;
  readonly #loops = new Set<Promise<void>>();

  constructor(options: WatchingOptions) {
    this.#options = options;
  }

  /** The first look is waited for: a host counts as connected when its VMs are known. */
  async begin(link: HostLink, conn: Connection): Promise<void> {
    const over = new AbortController();
    conn.onClose(() => over.abort());
    const signal = AbortSignal.any([this.#options.signal, over.signal]);
    const events = conn.lifecycleEvents({ signal });
    await events.ready;
    await this.#quietly(link, this.#options.reconciler.scan(link, conn), signal);
    this.#keep(this.#scanNowAndThen(link, conn, signal));
    this.#keep(this.#follow(link, events, signal));
  }

  async ended(): Promise<void> {
    await Promise.all(this.#loops);
  }

  #keep(loop: Promise<void>): void {
    this.#loops.add(loop);
    void loop.finally(() => this.#loops.delete(loop));
  }

  async #scanNowAndThen(link: HostLink, conn: Connection, signal: AbortSignal): Promise<void> {
    const { everyMs } = this.#options;
    while (!signal.aborted) {
      await sleep(everyMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.#quietly(link, this.#options.reconciler.scan(link, conn), signal);
    }
  }

  async #follow(link: HostLink, events: ReturnType<Connection['lifecycleEvents']>, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of events)
        if (event.kind === 'event') await this.#quietly(link, this.#options.reconciler.refresh(link, event.domain.uuid), signal);
        else await this.#quietly(link, this.#options.reconciler.scan(link, link.connection), signal);
    } catch (error) {
      if (!signal.aborted) this.#options.log.debug({ err: error, host: link.name }, 'the events of a host ended');
    }
  }

  /** A look that fails is made again; when the connection is the reason, that is said where connections are kept. */
  async #quietly(link: HostLink, looking: Promise<unknown>, signal: AbortSignal): Promise<void> {
    try {
      await looking;
    } catch (error) {
      if (!signal.aborted) this.#options.log.warn({ err: error, host: link.name }, 'a look at a host failed');
    }
  }
}
