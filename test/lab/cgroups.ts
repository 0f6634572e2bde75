import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What libvirt limits guests with; https://libvirt.org/cgroups.html says which setting needs which. */
const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'blkio', 'memory'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** One hierarchy of control groups (version 1) of this machine in which a lab may have groups of its own. */
interface Hierarchy {
  /** All that it controls, as `mount` wants it: `cpu,cpuacct`. */
  readonly controllers: string;
  readonly mountPath: string;
}

const REMOVE_TIMEOUT_MS = 5000;
const POLL_MS = 20;

/** What of the machine's control groups a lab can use, and why not the rest, by name. */
export async function surveyCgroups(): Promise<{ hierarchies: Hierarchy[]; missing: Partial<Record<Controller, string>> }> {
  const [own, mounts] = await Promise.all([readFile('/proc/self/cgroup', 'utf8'), readFile('/proc/self/mountinfo', 'utf8')]);
  const memberships = own.split('\n').map((line) => line.split(':') as [string, string?, string?]);
  const hierarchies = new Map<string, Hierarchy>();
  const missing: Partial<Record<Controller, string>> = {};
  for (const controller of CONTROLLERS) {
    const [, controllers, group] = memberships.find(([, names = '']) => names.split(',').includes(controller)) ?? [];
    const mountPath = controllers === undefined ? undefined : mountPathOf(controller, mounts);
    if (controllers === undefined || mountPath === undefined) missing[controller] = 'is not mounted as a cgroup of version 1';
    else if (!(await isWritable(mountPath))) missing[controller] = 'is mounted read-only';
    // Whoever made that group may count on all processes being in it, so it gets neither children, nor are processes moved out of it.
    else if (group !== '/') missing[controller] = 'is in the hands of whoever put this process into a group of it';
    else hierarchies.set(controllers, { controllers, mountPath });
  }
  return { hierarchies: [...hierarchies.values()], missing };
}

function mountPathOf(controller: string, mounts: string): string | undefined {
  for (const line of mounts.split('\n')) {
    const [, , , , path, , ...rest] = line.split(' ');
    const [type, , options = ''] = rest.slice(rest.indexOf('-') + 1);
    if (type === 'cgroup' && options.split(',').includes(controller)) return path;
  }
  return undefined;
}

const isWritable = (path: string): Promise<boolean> =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  );

/** The control groups of one lab: a group in each hierarchy that has nobody else in it, and one for each host in there. */
export class LabCgroups {
  /** What the lab's hosts have, as `mount` wants it. */
  readonly controllers: readonly string[];
  readonly #dirs: readonly string[];

  private constructor(name: string, hierarchies: readonly Hierarchy[]) {
    this.controllers = hierarchies.map(({ controllers }) => controllers);
    this.#dirs = hierarchies.map(({ mountPath }) => join(mountPath, name));
  }

  /** Of the lab whose PID 1 that is; the number of a lab is unique in its folder only. */
  static async of(labName: string, labPid: number): Promise<LabCgroups> {
    return new LabCgroups(`${labName}-${labPid}`, (await surveyCgroups()).hierarchies);
  }

  /** Makes a host's groups anew: after a power failure nothing is left in them. Returns their folders. */
  async renew(host: string): Promise<string[]> {
    return Promise.all(
      this.#dirs.map(async (dir) => {
        await removeTree(join(dir, host));
        for (const each of [dir, join(dir, host)]) {
          await mkdir(each, { recursive: true });
          await inheritCpuset(each);
        }
        return join(dir, host);
      }),
    );
  }

  /** Removes all of them; those who were in them must be dead. */
  async remove(): Promise<void> {
    await Promise.all(this.#dirs.map(removeTree));
  }
}

/** A new cpuset allows nothing, and no process may enter it. */
async function inheritCpuset(dir: string): Promise<void> {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    try {
      await writeFile(join(dir, name), await readFile(join(dir, '..', name)), { flag: 'r+' });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** Removes a group and those below it. A dead process may take a moment to leave. */
async function removeTree(dir: string): Promise<void> {
  const endsAt = performance.now() + REMOVE_TIMEOUT_MS;
  for (;;) {
    try {
      for (const entry of await readdir(dir, { withFileTypes: true })) if (entry.isDirectory()) await removeTree(join(dir, entry.name));
      await rmdir(dir);
      return;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      if (codeOf(error) !== 'EBUSY' || performance.now() > endsAt) throw error;
      await sleep(POLL_MS);
    }
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** The words before a command that run it in these groups. */
export const inCgroups = (dirs: readonly string[]): string[] =>
  dirs.length === 0
    ? []
    : ['sh', '-c', 'until [ "$1" = -- ]; do echo 0 >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"', 'sh', ...dirs, '--'];
