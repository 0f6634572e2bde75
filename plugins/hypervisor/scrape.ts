import { ConnectGetAllDomainStatsFlags, DomainStatsTypes, type DomainStats } from 'node-libvirt';
import type { Clock } from 'novacron/plugin';
import type { HostLink } from './host-link.ts';
import type { DiskFigures, HostScrape, NicFigures, VmScrape } from './port.ts';

const KIB = 1024;
const { STATE, CPU_TOTAL, BALLOON, VCPU, INTERFACE, BLOCK } = DomainStatsTypes;
const GROUPS = STATE | CPU_TOTAL | BALLOON | VCPU | INTERFACE | BLOCK;
const { ACTIVE, NOWAIT } = {
  ACTIVE: ConnectGetAllDomainStatsFlags.DOMAINS_STATS_ACTIVE,
  // A guest in a long job must not hold up the figures of all others.
  NOWAIT: ConnectGetAllDomainStatsFlags.DOMAINS_STATS_NOWAIT,
};

/** All figures of a host, taken at once. */
export async function scrapeHost(
  link: HostLink,
  { clock, signal, timeoutMs }: { clock: Clock; signal: AbortSignal; timeoutMs: number },
): Promise<HostScrape> {
  const call = { signal, timeoutMs };
  return link.use(async (conn) => {
    const [records, cpu, memory] = await Promise.all([
      conn.getAllDomainStats({ stats: GROUPS, flags: ACTIVE | NOWAIT }, call),
      conn.getNodeCPUStats(-1, 0, call),
      conn.getNodeMemoryStats(-1, 0, call),
    ]);
    const bytes = (kind: string): number => Number(memory[kind] ?? 0n) * KIB;
    return {
      at: clock.now(),
      host: {
        cpuTimeNs: Object.values(cpu).reduce((sum, ns) => sum + ns, 0n),
        cpuIdleNs: (cpu['idle'] ?? 0n) + (cpu['iowait'] ?? 0n),
        cpus: link.status.cpus,
        memoryTotalBytes: bytes('total'),
        memoryFreeBytes: bytes('free') + bytes('buffers') + bytes('cached'),
      },
      vms: records.map(({ domain, params }) => vmScrape(domain.uuid, params)),
    };
  });
}

/** libvirt's numbered keys as our fields. What is absent there is absent here: a guest may not say how much memory it could still use. */
export function vmScrape(id: string, params: DomainStats): VmScrape {
  const kib = (key: string): number | undefined => (params[key] === undefined ? undefined : Number(params[key]) * KIB);
  const memory = {
    memoryActualBytes: kib('balloon.current'),
    memoryRssBytes: kib('balloon.rss'),
    memoryUsableBytes: kib('balloon.usable'),
  };
  return {
    id,
    vcpus: Number(params['vcpu.current'] ?? 0),
    cpuTimeNs: counter(params['cpu.time']),
    ...withoutUndefined({ cpuWaitNs: cpuWaitNs(params), ...memory }),
    disks: numbered(params, 'block').map((key) => diskFigures(params, key)),
    nics: numbered(params, 'net').map((key, index) => nicFigures(params, key, index)),
  };
}

/** The run-queue delay of all vcpus; absent where none is told. */
function cpuWaitNs(params: DomainStats): bigint | undefined {
  const delays = Object.keys(params).filter((key) => /^vcpu\.\d+\.delay$/.test(key));
  return delays.length === 0 ? undefined : delays.reduce((sum, key) => sum + counter(params[key]), 0n);
}

const numbered = (params: DomainStats, group: 'block' | 'net'): string[] =>
  Array.from({ length: Number(params[`${group}.count`] ?? 0) }, (_, index) => `${group}.${index}`);

const counter = (value: DomainStats[string] | undefined): bigint =>
  BigInt(typeof value === 'bigint' || typeof value === 'number' ? value : 0);

function diskFigures(params: DomainStats, key: string): DiskFigures {
  const bytes = (name: string): number | undefined =>
    params[`${key}.${name}`] === undefined ? undefined : Number(params[`${key}.${name}`]);
  const time = (name: string): bigint | undefined =>
    params[`${key}.${name}`] === undefined ? undefined : counter(params[`${key}.${name}`]);
  return {
    device: String(params[`${key}.name`]),
    readBytes: counter(params[`${key}.rd.bytes`]),
    writeBytes: counter(params[`${key}.wr.bytes`]),
    readOps: counter(params[`${key}.rd.reqs`]),
    writeOps: counter(params[`${key}.wr.reqs`]),
    ...withoutUndefined({ readTimeNs: time('rd.times'), writeTimeNs: time('wr.times') }),
    ...withoutUndefined({ capacityBytes: bytes('capacity'), allocationBytes: bytes('allocation') }),
  };
}

const nicFigures = (params: DomainStats, key: string, index: number): NicFigures => ({
  device: String(params[`${key}.name`] ?? `nic${index}`),
  receiveBytes: counter(params[`${key}.rx.bytes`]),
  transmitBytes: counter(params[`${key}.tx.bytes`]),
  receivePackets: counter(params[`${key}.rx.pkts`]),
  transmitPackets: counter(params[`${key}.tx.pkts`]),
});

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const withoutUndefined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
