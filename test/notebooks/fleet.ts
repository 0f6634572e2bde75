import { HubError, definePlugin, ref, type Plugin, type Resource } from 'novacron/plugin';
import { z } from 'zod';
import { Hypervisor, type HostStatus, type VmStatus } from '../../plugins/hypervisor/port.ts';
import { HostView, VmView } from '../../plugins/hypervisor/views.ts';

/** A fleet that only exists as a recording: it stands where the hypervisor plugin stands, and its hosts cannot be asked any more. */

export const GIBIBYTE = 2 ** 30;
/** When the recording ends; a Friday. */
export const RECORDED_UNTIL = Date.UTC(2026, 10, 20, 8);

type Load = 'daily' | 'steady' | 'nightly' | 'bursty' | 'leaking' | 'idle';

export interface RecordedVm {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly load: Load;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly tags: readonly string[];
  /** Mean share of its processors that it uses. */
  readonly cpuRatio: number;
  readonly memoryRatio: number;
  readonly filesystems: readonly {
    readonly mountpoint: string;
    readonly totalBytes: number;
    readonly usedRatio: number;
    readonly perDay: number;
  }[];
}

const root = (usedRatio: number, perDay = 0.0004) => ({ mountpoint: '/', totalBytes: 20 * GIBIBYTE, usedRatio, perDay });
const volume = (mountpoint: string, gibibytes: number, [usedRatio, perDay]: readonly [number, number]) => ({
  mountpoint,
  totalBytes: gibibytes * GIBIBYTE,
  usedRatio,
  perDay,
});

const vm = (
  name: string,
  [host, load, ...tags]: readonly [string, Load, ...string[]],
  {
    size: [vcpus, gibibytes],
    use: [cpuRatio, memoryRatio],
    filesystems,
  }: {
    readonly size: readonly [number, number];
    readonly use: readonly [number, number];
    readonly filesystems: RecordedVm['filesystems'];
  },
): RecordedVm => ({
  id: `00000000-0000-4000-8000-${name
    .padStart(12, '0')
    .replaceAll(/[^a-f0-9]/gu, (letter) => (letter.charCodeAt(0) % 16).toString(16))
    .slice(-12)}`,
  name,
  host,
  load,
  vcpus,
  memoryBytes: gibibytes * GIBIBYTE,
  tags,
  cpuRatio,
  memoryRatio,
  filesystems,
});

export const RECORDED_VMS: readonly RecordedVm[] = [
  vm('web-1', ['kvm-1', 'daily', 'web', 'production'], { size: [4, 8], use: [0.34, 0.46], filesystems: [root(0.41)] }),
  vm('web-2', ['kvm-2', 'daily', 'web', 'production'], { size: [4, 8], use: [0.31, 0.44], filesystems: [root(0.39)] }),
  vm('web-3', ['kvm-3', 'daily', 'web', 'production'], { size: [8, 16], use: [0.11, 0.2], filesystems: [root(0.36)] }),
  vm('api-1', ['kvm-1', 'daily', 'api', 'production'], { size: [8, 16], use: [0.28, 0.52], filesystems: [root(0.48, 0.001)] }),
  vm('db-1', ['kvm-1', 'steady', 'db', 'production'], {
    size: [8, 32],
    use: [0.42, 0.81],
    filesystems: [root(0.52), volume('/var/lib/postgresql', 200, [0.79, 0.0085])],
  }),
  vm('db-2', ['kvm-2', 'steady', 'db', 'production'], {
    size: [8, 32],
    use: [0.18, 0.74],
    filesystems: [root(0.5), volume('/var/lib/postgresql', 200, [0.64, 0.004])],
  }),
  vm('batch-1', ['kvm-2', 'nightly', 'batch'], {
    size: [8, 16],
    use: [0.9, 0.6],
    filesystems: [root(0.6), volume('/scratch', 100, [0.55, 0])],
  }),
  vm('build-1', ['kvm-3', 'bursty', 'ci'], { size: [8, 16], use: [0.35, 0.4], filesystems: [root(0.72, 0.003)] }),
  vm('cache-1', ['kvm-1', 'leaking', 'cache', 'production'], { size: [2, 8], use: [0.12, 0.35], filesystems: [root(0.22)] }),
  vm('metrics-1', ['kvm-3', 'steady', 'observability'], {
    size: [4, 16],
    use: [0.24, 0.55],
    filesystems: [root(0.35), volume('/data', 500, [0.88, 0.016])],
  }),
  vm('mail-1', ['kvm-3', 'idle', 'office'], {
    size: [2, 4],
    use: [0.03, 0.3],
    filesystems: [root(0.31), volume('/var/mail', 50, [0.58, 0.002])],
  }),
  vm('legacy-1', ['kvm-2', 'idle', 'legacy'], { size: [4, 8], use: [0.012, 0.18], filesystems: [root(0.27, 0)] }),
];

export const RECORDED_HOSTS: readonly HostStatus[] = ['kvm-1', 'kvm-2', 'kvm-3'].map((name) => ({
  id: name,
  name,
  uri: `qemu+ssh://root@${name}.example.org/system`,
  state: { is: 'unreachable', since: RECORDED_UNTIL, reason: 'this fleet is a recording' },
  cpus: 24,
  memoryBytes: 96 * GIBIBYTE,
  accelerator: 'kvm',
}));

const vmStatus = ({ id, name, host, vcpus, memoryBytes, tags }: RecordedVm): VmStatus => ({
  id,
  name,
  host,
  vcpus,
  memoryBytes,
  tags,
  tenant: 'default',
  owner: null,
  state: 'running',
  managed: true,
});

const vmView = (status: VmStatus): z.output<typeof VmView> => ({ ...status, tags: [...status.tags] });
const hostView = ({ state: _state, ...host }: HostStatus): z.output<typeof HostView> => ({
  ...host,
  state: 'connected',
  reason: null,
  vmsRunning: RECORDED_VMS.filter((each) => each.host === host.id).length,
});

const gone = async (): Promise<never> => {
  throw new HubError('host_unreachable', 'This fleet is a recording.', { status: 503, retryable: true });
};

const vmResource = ({ id, name, tags }: RecordedVm): Resource => ({ kind: 'vm', id, name, tenant: 'default', tags, owner: null });
const hostResource = ({ id, name }: HostStatus): Resource => ({ kind: 'host', id, name, tenant: null, tags: [], owner: null });
const findVm = (text: string): RecordedVm | undefined => RECORDED_VMS.find(({ id, name }) => id === text || name === text);

export const createFleet = (): Plugin =>
  definePlugin(
    { name: 'hypervisor', api: 1, config: z.object({}), needs: {}, provides: { hypervisor: Hypervisor } },
    ({ action, resource }) => ({
      resources: {
        vm: resource({
          title: 'VMs',
          get: async (_, text) => {
            const found = findVm(text);
            return found && vmResource(found);
          },
          search: async (_, { text, rowsMax }) =>
            RECORDED_VMS.filter(({ name }) => name.includes(text))
              .slice(0, rowsMax)
              .map(vmResource),
          card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
        }),
        host: resource({
          title: 'Hosts',
          get: async (_, text) => RECORDED_HOSTS.filter(({ id }) => id === text).map(hostResource)[0],
          search: async (_, { text, rowsMax }) =>
            RECORDED_HOSTS.filter(({ name }) => name.includes(text))
              .slice(0, rowsMax)
              .map(hostResource),
          card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
        }),
      },
      actions: {
        'vm.list': action({
          title: 'List VMs',
          label: 'VMs',
          risk: 'read',
          input: z.object({
            text: z.string().default(''),
            tag: z.string().optional(),
            host: z.string().optional(),
            rowsMax: z.int().default(200),
          }),
          output: z.object({ vms: z.array(VmView), total: z.int() }),
          run: async (_, { text, tag, host }) => {
            const vms = RECORDED_VMS.filter(
              (each) =>
                each.name.includes(text) && (tag === undefined || each.tags.includes(tag)) && (host === undefined || each.host === host),
            );
            return { vms: vms.map((each) => vmView(vmStatus(each))), total: vms.length };
          },
        }),
        'vm.get': action({
          title: 'Show a VM',
          label: 'VM',
          risk: 'read',
          input: z.object({ vm: z.string() }),
          output: VmView.extend({
            createdAt: z.number(),
            startedAt: z.number(),
            image: z.string().nullable(),
            addresses: z.array(z.string()),
          }),
          target: ({ vm: name }) => ref('vm', name),
          run: async ({ target }) => ({
            ...vmView(vmStatus(findVm(target?.id ?? '') ?? (RECORDED_VMS[0] as RecordedVm))),
            createdAt: RECORDED_UNTIL - 190 * 86_400_000,
            startedAt: RECORDED_UNTIL - 41 * 86_400_000,
            image: 'debian-12',
            addresses: ['192.0.2.17'],
          }),
        }),
        'vm.delete': action({
          title: 'Delete a VM',
          label: 'Delete',
          risk: 'destroy',
          input: z.object({ vm: z.string() }),
          output: z.null(),
          target: ({ vm: name }) => ref('vm', name),
          plan: async ({ target }) => ({ sentences: [`'${target?.name}' and its disks are lost.`], facts: {} }),
          run: gone,
        }),
        'host.list': action({
          title: 'List hosts',
          label: 'Hosts',
          risk: 'read',
          input: z.object({}),
          output: z.object({ hosts: z.array(HostView) }),
          run: async () => ({ hosts: RECORDED_HOSTS.map(hostView) }),
        }),
      },
      start: () => ({
        hypervisor: { hosts: () => RECORDED_HOSTS, vms: () => RECORDED_VMS.map(vmStatus), scrape: gone, survey: gone },
      }),
    }),
  );
