import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node-libvirt';
import type { JobState } from '../../core/contract.ts';
import { startLibvirtHost, type LibvirtHost } from '../kit/libvirt-host.ts';
import { testDatabase, type TestDatabase } from '../kit/postgres.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import { Faults, type Cell, type StepSeen } from './faults.ts';
import { HubProcess } from './hub-process.ts';
import { startProxy } from './proxy.ts';
import { lookAtWorld, problemsOf, VM, type ActionName, type World } from './world.ts';

export interface CellResult {
  readonly cell: Cell;
  /** How the job ended. */
  readonly end: JobState['is'] | 'open';
  /** From the fault to a legal state. */
  readonly ms: number;
  /** Empty: converged. */
  readonly problems: readonly string[];
}

/** From the fault on, this long may it take. */
const CONVERGE_MS = 30_000;
const POLL_MS = 100;
const JOB_MS = 120_000;
const ATTEMPTS_MAX = 10;

/** Whether anybody accepts connections there. */
async function isListening(socketPath: string): Promise<boolean> {
  const socket = createConnection(socketPath);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

interface Parts {
  readonly host: LibvirtHost;
  readonly database: TestDatabase;
  readonly hub: HubProcess;
  readonly faults: Faults;
  readonly stack: AsyncDisposableStack;
}

/** A libvirt host, a database and a hub in a process of its own, for one cell after the other. */
export class CrashLab implements AsyncDisposable {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async start(): Promise<CrashLab> {
    await using undo = new AsyncDisposableStack();
    const { kernelPath, initrdPath } = await tinyImage();
    const host = undo.use(await startLibvirtHost());
    const database = undo.use(await testDatabase());
    const dataDir = await mkdtemp(join(tmpdir(), 'novacron-crash-'));
    undo.defer(() => rm(dataDir, { recursive: true, force: true }));
    const socketPath = join(host.dir, 'proxy');
    const proxy = undo.use(await startProxy(socketPath, host.socketPath));
    const hypervisor = {
      hosts: [{ name: 'local', uri: `qemu+unix:///system?socket=${socketPath}` }],
      poolDir: join(host.dir, 'novacron'),
      tiny: { kernelPath, initrdPath },
      accelerator: 'tcg',
      // Looks now and then would be counted as calls of the step they fall into.
      reconcileSeconds: 3600,
      deleteGraceSeconds: 0,
    };
    const logLevel = process.env['NOVACRON_TEST_LOG'] === 'debug' ? 'debug' : 'silent';
    let faults: Faults | undefined;
    const hub = undo.use(
      new HubProcess({ dataDir, databaseUrl: database.url, hypervisor, logLevel }, async (message) => faults?.onStep(message)),
    );
    faults = new Faults({ host, proxy, hub: () => hub });
    await hub.start();
    return new CrashLab({ host, database, hub, faults, stack: undo.move() });
  }

  /** What each step of an action does when nothing goes wrong. */
  async observe(action: ActionName): Promise<Map<string, StepSeen>> {
    const { faults } = this.#parts;
    // The first create brings the image to the host: that is done once, and no part of the later ones.
    await this.#prepare('vm.delete');
    await this.#prepare(action);
    faults.arm(undefined);
    await this.#finish(action, await this.#inputOf(action));
    return new Map(faults.steps);
  }

  /** A step may be over before its fault can strike: then the cell is tried again, and counts only when it was struck. */
  async run(cell: Cell): Promise<CellResult> {
    for (let attempt = 1; ; attempt++) {
      const { struck, result } = await this.#try(cell);
      if (struck || result.problems.length > 0) return result;
      if (attempt === ATTEMPTS_MAX) return { ...result, problems: ['the fault did not happen'] };
    }
  }

  async #try(cell: Cell): Promise<{ readonly struck: boolean; readonly result: CellResult }> {
    const { faults, hub } = this.#parts;
    await this.#prepare(cell.action);
    faults.arm(cell);
    const startedAt = performance.now();
    // The answer may die with the hub; the job is known from its first step.
    const asked = hub.ask({ is: 'execute', action: cell.action, input: await this.#inputOf(cell.action) }).catch((error: unknown) => error);
    const { end, problems } = await this.#converge(cell, asked);
    const ms = performance.now() - (faults.hitAt ?? startedAt);
    const struck = faults.hitAt !== undefined;
    await faults.daemonBack;
    faults.arm(undefined);
    return { struck, result: { cell, end, ms: Math.round(ms), problems } };
  }

  async #converge(cell: Cell, asked: Promise<unknown>): Promise<{ end: CellResult['end']; problems: string[] }> {
    const { faults, hub } = this.#parts;
    const startedAt = performance.now();
    let last: { end: CellResult['end']; problems: string[] } = {
      end: 'open',
      problems: [`nothing could be asked: ${String(await asked)}`],
    };
    do {
      if (!hub.runs) await hub.start();
      await this.#mendDaemon();
      last = await this.#judge(cell).catch((error: unknown) => ({ end: last.end, problems: [`nothing could be asked: ${String(error)}`] }));
      if (last.problems.length === 0) return last;
      await sleep(POLL_MS);
    } while (performance.now() - (faults.hitAt ?? startedAt) < CONVERGE_MS);
    return last;
  }

  /** libvirtd 9.0 now and then ends by itself (a fault of memory); where it is at home, systemd starts it again. */
  async #mendDaemon(): Promise<void> {
    const { host, faults } = this.#parts;
    if (await isListening(host.socketPath)) return;
    await faults.daemonBack;
    if (await isListening(host.socketPath)) return;
    console.warn(`libvirtd ended by itself and is started again. ${await host.log()}`);
    await host.restart();
  }

  async #judge(cell: Cell): Promise<{ end: CellResult['end']; problems: string[] }> {
    const { faults, hub } = this.#parts;
    if (faults.jobId === undefined) return { end: 'open', problems: ['the job did not begin'] };
    const { ended, state } = (await hub.ask({ is: 'job', id: faults.jobId })) as { ended: boolean; state: JobState };
    if (!ended) return { end: 'open', problems: [`the job is ${JSON.stringify(state)}`] };
    const world = await this.#world();
    const mayBeOff = cell.fault.is === 'qemu';
    const problems = [...problemsOf(world, { action: cell.action, state, mayBeOff }), ...(await this.#shown(world))];
    const why = 'failure' in state && problems.length > 0 ? [`the job: ${state.failure.code}: ${state.failure.message}`] : [];
    return { end: state.is, problems: [...problems, ...why] };
  }

  /** What the hub shows must be what there is, and its audit whole. */
  async #shown(world: World): Promise<string[]> {
    const { hub } = this.#parts;
    const shown = [await this.#list(false), await this.#list(true)].flat().map(({ id, state }) => `${id} ${state}`);
    const real = world.domains.map(({ id, state, trashed }) => `${id} ${trashed ? 'trashed' : state}`);
    const verified = (await hub.ask({ is: 'verify' })) as { ok: boolean; reason?: string };
    return [
      ...(shown.join() === real.join() ? [] : [`the hub shows '${shown.join()}', the host has '${real.join()}'`]),
      ...(verified.ok ? [] : [`the audit is broken: ${verified.reason}`]),
    ];
  }

  async #list(trash: boolean): Promise<{ id: string; name: string; state: string }[]> {
    const output = await this.#parts.hub.ask({ is: 'execute', action: 'vm.list', input: { trash } });
    return (output as { vms: { id: string; name: string; state: string }[] }).vms;
  }

  #world(): Promise<World> {
    return lookAtWorld(this.#parts.host, this.#parts.database.url);
  }

  /** The state from which the action is called: nothing, a running VM, or a VM in the trash that ran. */
  async #prepare(action: ActionName): Promise<void> {
    const { faults, hub } = this.#parts;
    faults.arm(undefined);
    if (!hub.runs) await hub.start();
    try {
      await this.#bring(action);
    } catch {
      await this.#wipe();
      await this.#bring(action);
    }
    faults.arm(undefined);
  }

  async #bring(action: ActionName): Promise<void> {
    const world = await this.#world();
    const [domain] = world.domains;
    if (action === 'vm.create') {
      if (domain) await this.#finish('vm.delete', { vm: domain.id, purge: true });
      const { domains, rows, volumes } = await this.#world();
      if (domains.length + rows.length + volumes.length > 0) throw new Error('Something is left of an earlier cell.');
      return;
    }
    if (domain === undefined) await this.#finish('vm.create', { name: VM });
    else if (domain.trashed) await this.#finish('vm.restore', { vm: domain.id });
    const [live] = (await this.#world()).domains;
    if (live?.state !== 'running') await this.#finish('vm.start', { vm: VM });
    if (action === 'vm.restore') await this.#finish('vm.delete', { vm: VM });
  }

  async #inputOf(action: ActionName): Promise<unknown> {
    return action === 'vm.create' ? { name: VM } : { vm: VM };
  }

  /** Runs an action to its good end. */
  async #finish(action: string, input: unknown): Promise<void> {
    const { hub } = this.#parts;
    const { jobId } = (await hub.ask({ is: 'execute', action, input })) as { jobId: string };
    const endsAt = performance.now() + JOB_MS;
    while (performance.now() < endsAt) {
      const { ended, state } = (await hub.ask({ is: 'job', id: jobId })) as { ended: boolean; state: JobState };
      if (ended && state.is !== 'succeeded') throw new Error(`${action}: ${JSON.stringify(state)}`);
      if (ended) return;
      await sleep(20);
    }
    throw new Error(`${action} did not end.`);
  }

  /** After a cell that did not converge, so that the next ones can be judged on their own. */
  async #wipe(): Promise<void> {
    const { host, database, hub } = this.#parts;
    await hub.kill();
    {
      await using conn = await connect(host.uri);
      for (const domain of await conn.listAllDomains()) {
        await domain.destroy().catch(() => undefined);
        await domain.undefine();
      }
      const pool = await conn.storagePoolLookupByName('novacron');
      await pool.refresh();
      for (const volume of await pool.listAllVolumes()) if (!volume.name.startsWith('tiny-')) await volume.delete();
    }
    await database.query('delete from plugin_hypervisor.vm');
    await hub.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.stack.disposeAsync();
  }
}
