import { HubError, ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { domainXml, type Boot } from '../domain-xml.ts';
import { findDomain } from '../domains.ts';
import { checkVolumeImage, parseImage, TINY, type CheckedImage, type ImageName } from '../images.ts';
import { rowOf } from '../judge.ts';
import { consoleVolumeOf, diskVolumeOf, domainNameOf, tag, tenantName, vmName } from '../names.ts';
import { chooseNetwork } from '../network.ts';
import { chooseHost } from '../placement.ts';
import { createVolume, poolOf, removeVolume, volumesOf } from '../pool.ts';
import { hostOf, runtimeOf, type HypervisorTools, type Runtime } from '../runtime.ts';
import { formatBytes, GIB, MIB, sizeBytes } from '../sizes.ts';
import { ensureOff, ensureRunning, removeDomain, type DomainAt } from '../vm-ops.ts';
import { showVm, vmView, VmView } from '../views.ts';

const TIMEOUT_MS = 30 * 60_000;
const HOLD_MS = TIMEOUT_MS + 10 * 60_000;
const TINY_MEMORY_BYTES = 96 * MIB;
const TINY_DISK_BYTES = 64 * MIB;
const OTHER_MEMORY_BYTES = GIB;
const ISO_DISK_BYTES = 10 * GIB;
const BYTES_MAX = 2 ** 50;

const Input = z.object({
  name: vmName.meta({ title: 'Name', description: 'a-z, 0-9 and -' }),
  image: z
    .string()
    .min(1)
    .max(300)
    .default(TINY)
    .meta({ title: 'Image', description: "'tiny', a volume of a pool ('debian.qcow2', 'POOL/VOLUME'), or the path of an ISO file" }),
  vcpus: z.int().min(1).max(1024).default(1).meta({ title: 'vCPUs' }),
  memory: sizeBytes(64 * MIB, BYTES_MAX)
    .optional()
    .meta({ title: 'Memory', description: '512M, 2G; default: 96M for tiny, else 1G' }),
  disk: sizeBytes(MIB, BYTES_MAX).optional().meta({ title: 'Disk', description: 'Size of its disk, 10G; default: as large as the image' }),
  tags: z.array(tag).max(20).default([]).meta({ title: 'Tags' }),
  tenant: tenantName.optional().meta({ title: 'Tenant', description: 'Default: your own' }),
  host: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .meta({ title: 'Host', description: 'Default: the one with the most free memory', picker: 'host' }),
});
type Input = z.output<typeof Input>;

/** What was decided before anything is made: plain data, recorded by the first step. */
interface Decided {
  readonly id: string;
  readonly host: string;
  readonly tenant: string;
  readonly domainName: string;
  readonly image: ImageName;
  readonly from: CheckedImage | null;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly createdAt: number;
}

export const createVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Create a VM',
    label: 'Create VM',
    help: 'Makes a VM on a host and starts it.',
    risk: 'change',
    input: Input,
    output: VmView,
    positional: ['name'],
    examples: ['vm create web-1', 'vm create db-1 --image debian-12.qcow2 --vcpus 2 --memory 2G --disk 20G --tags db,prod'],
    target: ({ tenant }, actor) => ref('tenant', tenant ?? actor.tenant),
    // Creates of different names need not wait for each other.
    queue: ({ tenant, name }, actor) => `vm-name:${tenant ?? actor.tenant}/${name}`,
    timeoutMs: TIMEOUT_MS,
    async run(ctx, input) {
      const runtime = runtimeOf(ctx);
      const id = ctx.id('vm');
      const tenant = input.tenant ?? ctx.actor.tenant;
      ctx.progress(0.05, 'Looking for a host.');
      const decided = await ctx.step('decide', (signal) => decide(runtime, { input, id, tenant, signal }));
      await ctx.step(
        'reserve',
        () => reserve(runtime, input, decided),
        () => giveBack(runtime, id),
      );
      ctx.progress(0.2, `Making its disk on host ${decided.host}.`);
      const disk = await ctx.step(
        'disk',
        (signal) => makeVolumes(runtime, decided, signal),
        (signal) => removeVolumes(runtime, decided, signal),
      );
      ctx.progress(0.5, 'Defining it.');
      const at = (): DomainAt => ({ link: hostOf(runtime, decided), id, name: input.name });
      await ctx.step(
        'define',
        () => define(runtime, { input, decided, disk, owner: ctx.actor.id }),
        () => removeDomain(at()),
      );
      ctx.progress(0.7, 'Starting it.');
      await ctx.step(
        'start',
        () => ensureRunning(at()),
        () => ignoreGone(ensureOff(at())),
      );
      return ctx.step('record', () => record(runtime, decided, input.name));
    },
    show: showVm((vm) => `VM '${vm.name}' is ${vm.state} on host ${vm.host}.`),
  });

interface Deciding {
  readonly input: Input;
  readonly id: string;
  readonly tenant: string;
  readonly signal: AbortSignal;
}

async function decide(runtime: Runtime, { input, id, tenant, signal }: Deciding): Promise<Decided> {
  const named = parseImage(input.image, runtime.config);
  const memoryBytes = input.memory ?? (named.is === 'tiny' ? TINY_MEMORY_BYTES : OTHER_MEMORY_BYTES);
  refuseTooMuch(runtime, { ...input, memoryBytes });
  if (named.is === 'tiny' && memoryBytes < TINY_MEMORY_BYTES)
    throw limit(`The image 'tiny' needs at least ${formatBytes(TINY_MEMORY_BYTES)} of memory.`);
  const domainName = domainNameOf(tenant, input.name);
  const link = await chooseHost(runtime, { wanted: input.host, memoryBytes });
  const checked = named.is === 'volume' ? await checkVolumeImage(link, named, signal) : null;
  const isIso = checked !== null && /\.iso$/i.test(checked.volume);
  const image: ImageName = isIso ? { is: 'iso', path: checked.path } : named;
  const from = isIso ? null : checked;
  const smallest = from?.capacityBytes ?? (image.is === 'tiny' ? TINY_DISK_BYTES : ISO_DISK_BYTES);
  if (from && input.disk !== undefined && input.disk < smallest)
    throw limit(`The disk of image '${input.image}' has ${formatBytes(smallest)}; a smaller one would cut it off.`);
  const diskBytes = input.disk ?? smallest;
  return { id, host: link.name, tenant, domainName, image, from, memoryBytes, diskBytes, createdAt: runtime.clock.now() };
}

const limit = (message: string): HubError => new HubError('vm_limit', message, { status: 400 });

function refuseTooMuch(
  { config }: Runtime,
  { vcpus, memoryBytes, disk }: { vcpus: number; memoryBytes: number; disk?: number | undefined },
): void {
  const { vcpusMax, memoryMax, diskMax } = config.limits;
  if (vcpus > vcpusMax) throw limit(`A VM may have at most ${vcpusMax} vCPUs here.`);
  if (memoryBytes > memoryMax) throw limit(`A VM may have at most ${formatBytes(memoryMax)} of memory here.`);
  if ((disk ?? 0) > diskMax) throw limit(`A disk may have at most ${formatBytes(diskMax)} here.`);
}

/** From here on the name is taken. A domain made by others blocks it as well, where both would be on one host. */
async function reserve(runtime: Runtime, input: Input, decided: Decided): Promise<void> {
  const { id, host, tenant, domainName, memoryBytes } = decided;
  const foreign = runtime.inventory.all().find((vm) => !vm.managed && vm.host === host && vm.domainName === domainName);
  if (foreign)
    throw new HubError('vm_name_taken', `Host '${host}' has a VM '${domainName}' that was made by others. Choose another name.`, {
      status: 409,
    });
  const row = { id, host, tenant, name: input.name, domainName, vcpus: input.vcpus, memoryBytes, disks: [] };
  await runtime.store.reserve({ ...row, state: 'reserved', heldUntil: runtime.clock.now() + HOLD_MS });
}

async function giveBack({ store, reconciler }: Runtime, id: string): Promise<void> {
  await store.remove(id);
  reconciler.forget(id);
}

interface Disk {
  readonly path: string;
  readonly boot: Boot;
}

/** The disk, and an empty file for the console, which libvirt can read from afar because it is a volume. */
async function makeVolumes(runtime: Runtime, decided: Decided, signal: AbortSignal): Promise<Disk> {
  const { id, image, from, diskBytes } = decided;
  const link = hostOf(runtime, decided);
  const boot = await bootOf(runtime, { decided, image, signal });
  return link.use(async (conn) => {
    const pool = await poolOf(conn, runtime.config.pool);
    await createVolume(pool, { name: consoleVolumeOf(id), capacityBytes: 0, format: 'raw' }, signal);
    const source = from && (await (await poolOf(conn, from.pool)).storageVolLookupByName(from.volume));
    const wanted = { name: diskVolumeOf(id, 'vda'), capacityBytes: diskBytes, format: 'qcow2' } as const;
    const volume = await createVolume(pool, source ? { ...wanted, from: source } : wanted, signal);
    return { path: await volume.getPath(), boot };
  });
}

async function bootOf(
  runtime: Runtime,
  { decided, image, signal }: { decided: Decided; image: ImageName; signal: AbortSignal },
): Promise<Boot> {
  switch (image.is) {
    case 'tiny': {
      const files = await runtime.tiny.on(hostOf(runtime, decided), signal);
      return { is: 'kernel', ...files, commandLine: `${TINY_COMMAND_LINE} tiny.name=${decided.domainName.split('.')[0]}` };
    }
    case 'iso':
      return { is: 'cdrom', path: image.path };
    case 'volume':
      return { is: 'disk' };
  }
}

const TINY_COMMAND_LINE = 'console=ttyS0 quiet panic=1 random.trust_cpu=on';

const removeVolumes = (runtime: Runtime, decided: Decided, signal: AbortSignal): Promise<void> =>
  hostOf(runtime, decided).use(async (conn) => {
    const pool = await poolOf(conn, runtime.config.pool);
    for (const volume of await volumesOf(pool, decided.id, signal)) await removeVolume(pool, volume.name, signal);
  });

interface Defining {
  readonly input: Input;
  readonly decided: Decided;
  readonly disk: Disk;
  readonly owner: string;
}

const define = (runtime: Runtime, { input, decided, disk, owner }: Defining): Promise<void> => {
  const { id, tenant, domainName, memoryBytes, createdAt } = decided;
  const link = hostOf(runtime, decided);
  return link.use(async (conn) => {
    if (await findDomain(conn, link.name, id)) return;
    const xml = domainXml({
      domainName,
      metadata: { id, name: input.name, tenant, owner, image: input.image, tags: input.tags, createdAt, trash: null },
      vcpus: input.vcpus,
      memoryBytes,
      accelerator: link.status.accelerator,
      boot: disk.boot,
      disk: { path: disk.path, format: 'qcow2' },
      network: await chooseNetwork(conn, runtime.config.network),
      consoleLogPath: `${link.poolPath}/${consoleVolumeOf(id)}`,
    });
    await conn.domainDefineXML(xml);
  });
};

/** The result is what the host says, never what was asked of it. */
async function record(runtime: Runtime, decided: Decided, name: string): Promise<VmView> {
  const entry = await runtime.reconciler.refresh(hostOf(runtime, decided), decided.id);
  if (entry === undefined || entry.state === 'creating')
    throw new HubError('vm_gone', `Host '${decided.host}' does not have '${name}' any more.`, { status: 404 });
  await runtime.store.put(rowOf(entry, 'present'));
  return vmView(entry);
}

async function ignoreGone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!HubError.is(error) || error.code !== 'vm_gone') throw error;
  }
}
