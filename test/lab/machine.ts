import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEnded, layOutLibvirtd, libvirtdAnswered, nextLine, uriOf, type Running } from '../kit/private-libvirtd.ts';
import { inCgroups, type LabCgroups } from './cgroups.ts';
import { installCredentials, type Station } from './credentials.ts';
import { onMachineOf, run, startInit, type RunOptions, type RunResult } from './namespaces.ts';
import type { Switch } from './switch.ts';

const INIT = fileURLToPath(new URL('machine-init.sh', import.meta.url));
const NAMESPACES = [
  '--mount',
  '--net',
  '--uts',
  '--ipc',
  '--pid',
  '--cgroup',
  '--fork',
  '--kill-child=SIGKILL',
  '--propagation',
  'private',
];

/** What a machine is given by its lab. */
export interface MachineSite {
  readonly station: Station;
  readonly mac: string;
  /** Its folder; not shared with other machines, though all can see it. */
  readonly dir: string;
  /** PID 1 of the lab, of which the machine is a child. */
  readonly labPid: number;
  readonly network: Switch;
  readonly cgroups: LabCgroups;
}

/** A machine of a lab: own namespaces, /etc, hostname, keys, and a cable to the lab's switch. */
export class Machine {
  readonly name: string;
  readonly address: string;
  readonly dir: string;
  readonly #site: MachineSite;
  #running: Running | undefined;
  #pid = 0;

  constructor(site: MachineSite) {
    this.#site = site;
    this.name = site.station.name;
    this.address = site.station.address;
    this.dir = site.dir;
  }

  get isUp(): boolean {
    return this.#running !== undefined && !hasEnded(this.#running);
  }

  /** The machine's PID 1, as the whole machine numbers it; throws when it is down. */
  get pid(): number {
    if (!this.isUp) throw new Error(`${this.name} is down; bring it back with up().`);
    return this.#pid;
  }

  /** Starts the machine (again, after `crash()`), with its disks, settings and definitions; nothing to do when it is up. */
  async up(): Promise<void> {
    if (this.isUp) return;
    // It may have ended by itself.
    await this.crash();
    // libvirt takes what is in there for guests that still run: after a power failure none does, and the folder is on a disk here, not a tmpfs.
    await rm(join(this.dir, 'run'), { recursive: true, force: true });
    await mkdir(join(this.dir, 'run'));
    const { cgroups, labPid, mac } = this.#site;
    const groups = this.hasCgroups ? inCgroups(await cgroups.renew(this.name)) : [];
    const init = ['bash', INIT, this.dir, this.name, this.address, mac, this.role, ...(this.hasCgroups ? cgroups.controllers : [])];
    const running = await startInit(
      ['nsenter', `--target=${labPid}`, '--pid', '--', ...groups, 'unshare', ...NAMESPACES, ...init],
      join(this.dir, 'init.log'),
    );
    this.#running = running;
    try {
      this.#pid = Number(await nextLine(running, `start of ${this.name}`));
      await this.#site.network.plug(this.name, { pid: this.#pid, mac: this.#site.mac });
      running.child.stdin.write('plugged\n');
      await nextLine(running, `start of ${this.name}`);
      await this.ready(running);
    } catch (error) {
      await this.crash();
      const said = await readFile(join(this.dir, 'init.log'), 'utf8');
      throw new Error(`${this.name} did not come up. ${said.trim()}`, { cause: error });
    }
  }

  /** What the init script makes of it. */
  protected get role(): string {
    return 'client';
  }

  /** Only libvirtd makes something of them. */
  protected get hasCgroups(): boolean {
    return false;
  }

  /** Waits for the machine's services. */
  protected async ready(_running: Running): Promise<void> {}

  /** A power failure: PID 1 is SIGKILLed, and the kernel ends everything on the machine at once. Its cable goes dead too. */
  async crash(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    this.#site.network.expectEnd(this.name);
    if (!hasEnded(running)) {
      const exited = once(running.child, 'exit');
      if (this.#pid > 0) process.kill(this.#pid, 'SIGKILL');
      else running.child.kill('SIGKILL');
      await exited;
    }
    this.#pid = 0;
    await this.#site.network.unplug(this.name);
  }

  /** Pulls the network cable; the machine and its guests go on. It stays out, even through a crash, until `heal()`. */
  cut(): Promise<void> {
    return this.#site.network.setCut(this.name, true);
  }

  /** Plugs the network cable in again. */
  heal(): Promise<void> {
    return this.#site.network.setCut(this.name, false);
  }

  /** Limits the cable, each way; null takes the limit away. It stays through a crash. */
  shape({ rateMbit }: { rateMbit: number | null }): Promise<void> {
    return this.#site.network.setRate(this.name, rateMbit);
  }

  /** The words before a command that run it on this machine, for a process that is to be spawned in some other way than by `run`. */
  get enter(): [string, ...string[]] {
    return onMachineOf(this.pid);
  }

  /** Runs a program on the machine. Throws a RunError when its exit code is not 0. */
  run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
    return run([...this.enter, ...command], options);
  }

  /** Runs a line of shell on the machine and returns what it printed, without the last line feed. */
  async shell(line: string, options: RunOptions = {}): Promise<string> {
    return (await this.run(['bash', '-c', line], options)).stdout.trimEnd();
  }
}

/** A hypervisor host: a machine with libvirtd and sshd. */
export class LabHost extends Machine {
  /** `qemu+unix:///system?socket=…`, usable from anywhere on the machine. */
  readonly uri: string;
  /** How libvirtd is reached; all but `unix` from the lab's client and hosts only, where keys and names are in place. */
  readonly uris: { readonly unix: string; readonly tcp: string; readonly tls: string; readonly ssh: string };
  readonly hostUuid: string;

  constructor(site: MachineSite, hostUuid: string) {
    super(site);
    this.hostUuid = hostUuid;
    this.uri = uriOf(this.dir);
    this.uris = {
      unix: this.uri,
      tcp: `qemu+tcp://${this.name}/system`,
      tls: `qemu+tls://${this.name}/system`,
      ssh: `qemu+ssh://root@${this.name}/system`,
    };
  }

  protected override get role(): string {
    return 'host';
  }

  protected override get hasCgroups(): boolean {
    return true;
  }

  protected override ready(running: Running): Promise<void> {
    return libvirtdAnswered(this.dir, running);
  }
}

/** Where a machine's guests keep their disks: the pool's name, and its folder as the host sees it. */
export interface Pool {
  readonly name: string;
  readonly path: string;
}

export interface MachinePlan {
  readonly keysDir: string;
  /** The text of /etc/hosts. */
  readonly hosts: string;
  readonly pools: readonly Pool[];
  /** Of control groups, as `mount` wants them. */
  readonly controllers: readonly string[];
}

/** Writes the folder of a machine: its own layer of /etc, and libvirt's folders. Returns its host UUID. */
export async function layOutMachine(dir: string, station: Station, plan: MachinePlan): Promise<string> {
  const hostUuid = randomUUID();
  await layOutLibvirtd(dir, {
    hostUuid,
    daemon: { listen_tls: 1, listen_tcp: 1, auth_tcp: 'none', auth_tls: 'none' },
    qemu: {
      cgroup_controllers: plan.controllers.flatMap((each) => each.split(',')),
      migration_address: '0.0.0.0',
      default_tls_x509_cert_dir: '/etc/pki/qemu',
      default_tls_x509_verify: 1,
      migrate_tls_x509_verify: 1,
      backup_tls_x509_verify: 1,
    },
  });
  const etc = join(dir, 'etc');
  for (const folder of [etc, join(dir, 'libvirt/storage/autostart')]) await mkdir(folder, { recursive: true });
  await writeFile(join(etc, 'hostname'), `${station.name}\n`);
  await writeFile(join(etc, 'machine-id'), `${randomUUID().replaceAll('-', '')}\n`);
  await writeFile(join(etc, 'hosts'), plan.hosts);
  await installCredentials(plan.keysDir, etc, station);
  for (const { name, path } of plan.pools) {
    const pool = `<pool type='dir'><name>${name}</name><target><path>${path}</path></target></pool>\n`;
    for (const folder of ['storage', 'storage/autostart']) await writeFile(join(dir, 'libvirt', folder, `${name}.xml`), pool);
  }
  return hostUuid;
}
