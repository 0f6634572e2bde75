import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEnded, nextLine, type Running } from '../kit/private-libvirtd.ts';
import { LabCgroups } from './cgroups.ts';
import type { LabStatus } from './control.ts';
import { createCredentials, type Station } from './credentials.ts';
import { claimFolder, recordInit, removeLab, type LabRecord } from './folder.ts';
import { forward, type Forward } from './forward.ts';
import type { Guest } from './guest.ts';
import { labMissing } from './missing.ts';
import { LabHost, layOutMachine, Machine, type MachinePlan, type Pool } from './machine.ts';
import { startInit } from './namespaces.ts';
import { startGuest, type GuestOptions } from './start-guest.ts';
import { Switch, type LinkQuality } from './switch.ts';

export interface LabOptions {
  /** 1 to 9; default 2. They are called h1, h2, … */
  readonly hosts?: number;
  /** `shared`: the disks of all hosts are in one folder, unless a guest says otherwise; `local` (default): each host has its own, at the same path. */
  readonly storage?: 'shared' | 'local';
}

const HOSTS_MAX = 9;
const CLIENT_NUMBER = 254;
const LOCAL_POOL: Pool = { name: 'local', path: '/var/lib/libvirt/images' };
const INIT = fileURLToPath(new URL('lab-init.sh', import.meta.url));
const NAMESPACES = ['--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'];

/** Several hypervisor hosts on one machine, on a network of their own. Dispose it, or die, and all of it is gone. */
export class Lab implements AsyncDisposable {
  /** Unique on this machine: `nova-lab-3`. */
  readonly name: string;
  readonly dir: string;
  readonly hosts: readonly LabHost[];
  /** A machine without libvirtd that reaches all hosts by name, with the keys to do so. */
  readonly client: Machine;
  /** The storage pool where guests' disks are, with its folder as a host sees it: one for all, or `localPool`. */
  readonly pool: Pool;
  /** The storage pool that each host has for itself. */
  readonly localPool: Pool = LOCAL_POOL;
  /** Unique on this machine; name and addresses follow from it. */
  readonly number: number;
  readonly #guestNames = new Set<string>();
  readonly #record: LabRecord;
  readonly #running: Running;
  readonly #network: Switch;

  constructor(parts: { record: LabRecord; running: Running; network: Switch; hosts: LabHost[]; client: Machine; pool: Pool }) {
    this.name = basename(parts.record.dir);
    this.dir = parts.record.dir;
    this.number = parts.record.number;
    this.hosts = parts.hosts;
    this.client = parts.client;
    this.pool = parts.pool;
    this.#record = parts.record;
    this.#running = parts.running;
    this.#network = parts.network;
  }

  /** The host of that name; throws when there is none. */
  host(name: string): LabHost {
    const host = this.hosts.find((each) => each.name === name);
    if (!host) throw new Error(`There is no host ${name} in this lab; there are: ${this.hosts.map((each) => each.name).join(', ')}.`);
    return host;
  }

  /** The host of that name, or `client`; throws when there is none. */
  machine(name: string): Machine {
    return name === this.client.name ? this.client : this.host(name);
  }

  /** How it stands now. */
  status(): LabStatus {
    const machines = [...this.hosts, this.client].map((machine) => ({
      name: machine.name,
      address: machine.address,
      pid: machine.isUp ? machine.pid : null,
      ...this.#network.cableOf(machine.name),
      uri: machine instanceof LabHost ? machine.uri : null,
    }));
    return { name: this.name, number: this.number, dir: this.dir, machines, links: this.#network.links };
  }

  /** True once all of it is gone. */
  get isEnded(): boolean {
    return hasEnded(this.#running);
  }

  /** Gives the link between two machines (hosts, or `client`) delay, jitter and loss; null makes it a plain cable again. */
  link(a: string, b: string, quality: LinkQuality | null): Promise<void> {
    return this.#network.link(a, b, quality);
  }

  /** Defines a guest on a host, starts it, and waits until it is up. */
  async guest(options: GuestOptions): Promise<Guest> {
    if (this.#guestNames.has(options.name)) throw new Error(`There is a guest ${options.name} in this lab already.`);
    const number = this.#guestNames.size;
    this.#guestNames.add(options.name);
    return startGuest(this, number, options);
  }

  /** Opens a port of this process's loopback that leads over the client to a port of a machine: for code that cannot be run in the lab. */
  forward(name: string, port: number): Promise<Forward> {
    return forward(this.client.pid, this.machine(name).address, port);
  }

  /** The folder of the client's certificate and key, for the `pkipath` of a URI; the hosts' certificates are good for 127.0.0.1 too. */
  get pkiPath(): string {
    return join(this.dir, 'keys', 'pki');
  }

  /** An address on the lab's network; 1 to 9 are hosts', 254 is the client's, guests' begin at 20. */
  addressOf(station: number): string {
    return addressIn(this.number, station);
  }

  /** The process that delays and loses frames, while any link does; for measuring what it costs. */
  get relayPid(): number | undefined {
    return this.#network.relayPid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network.stop();
    await end(this.#running, this.#record);
  }
}

/** Starts a lab; `await using` ends it. Throws, saying what this machine lacks, when there cannot be one (`labMissing`). */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const { hosts: count = 2, storage = 'local' } = options;
  if (!Number.isInteger(count) || count < 1 || count > HOSTS_MAX) throw new Error(`A lab has 1 to ${HOSTS_MAX} hosts, not ${count}.`);
  const missing = labMissing();
  if (missing !== null) throw new Error(`No lab can be started here: ${missing}.`);
  let record = await claimFolder();
  const running = await startInit(['unshare', ...NAMESPACES, 'bash', INIT, record.dir], join(record.dir, 'init.log'));
  try {
    const labPid = Number(await nextLine(running, 'start of the lab'));
    record = await recordInit(record, labPid);
    return await furnish({ record, running, labPid, count, storage });
  } catch (error) {
    await end(running, record);
    throw error;
  }
}

interface Plot {
  readonly record: LabRecord;
  readonly running: Running;
  readonly labPid: number;
  readonly count: number;
  readonly storage: 'shared' | 'local';
}

async function furnish({ record, running, labPid, count, storage }: Plot): Promise<Lab> {
  const names = Array.from({ length: count }, (_, i) => `h${i + 1}`);
  const stations: Station[] = [
    ...names.map((name, i) => ({ name, address: addressIn(record.number, i + 1) })),
    { name: 'client', address: addressIn(record.number, CLIENT_NUMBER) },
  ];
  const keysDir = join(record.dir, 'keys');
  const [sharedDir, consoleDir] = [join(record.dir, 'shared'), join(record.dir, 'consoles')];
  await Promise.all([createCredentials(keysDir, stations), mkdir(sharedDir), mkdir(consoleDir)]);
  const pool = storage === 'shared' ? { name: 'shared', path: sharedDir } : LOCAL_POOL;
  const cgroups = await LabCgroups.of(basename(record.dir), labPid);
  const plan: MachinePlan = {
    keysDir,
    controllers: cgroups.controllers,
    pools: storage === 'shared' ? [pool, LOCAL_POOL] : [pool],
    hosts: ['127.0.0.1 localhost', ...stations.map(({ name, address }) => `${address} ${name}`), ''].join('\n'),
  };
  const network = new Switch(labPid);
  const siteOf = (station: Station, i: number) => {
    const mac = `52:54:00:4c:${hex(record.number)}:${hex(i + 1)}`;
    return { station, mac, dir: join(record.dir, station.name), labPid, network, cgroups };
  };
  // All of them come to an end, even if one fails, so that none goes on in a folder that is being removed.
  const started = await Promise.allSettled(
    stations.map(async (station, i) => {
      const hostUuid = await layOutMachine(join(record.dir, station.name), station, plan);
      const machine = station.name === 'client' ? new Machine(siteOf(station, i)) : new LabHost(siteOf(station, i), hostUuid);
      await machine.up();
      return machine;
    }),
  );
  const machines = started.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  const hosts = machines.filter((machine) => machine instanceof LabHost);
  const client = machines.find((machine) => !(machine instanceof LabHost))!;
  return new Lab({ record, running, network, hosts, client, pool });
}

const addressIn = (lab: number, station: number): string => `10.77.${lab}.${station}`;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

async function end(running: Running, record: LabRecord): Promise<void> {
  const exited = hasEnded(running) ? undefined : once(running.child, 'exit');
  if (record.init === null) running.child.kill('SIGKILL');
  await removeLab(record);
  await exited;
}
