import {
  ConnectListAllDomainsFlags,
  ConnectListAllStoragePoolsFlags,
  DomainGuestInfoTypes,
  type Connection,
  type Domain,
  type Parameters,
} from 'node-libvirt';
import type { Clock } from 'novacron/plugin';
import { toHubError } from './errors.ts';
import type { HostLink } from './host-link.ts';
import type { FilesystemFigures, GuestSurvey, HostSurvey, PoolFigures } from './port.ts';

/** An agent that does not answer costs its guest nothing, but a place in the row. */
const AGENT_TIMEOUT_MS = 5_000;
const AGENTS_AT_ONCE = 8;

/** What changes slowly or costs a question to each guest: asked once a minute rather than with each scrape. */
export const surveyHost = (link: HostLink, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<HostSurvey> =>
  link.use(async (conn) => {
    const [pools, guests] = await Promise.all([poolsOf(conn, signal), guestsOf(conn, link.name, signal)]);
    return { at: clock.now(), pools, guests };
  });

async function poolsOf(conn: Connection, signal: AbortSignal): Promise<PoolFigures[]> {
  const pools = await conn.listAllStoragePools(ConnectListAllStoragePoolsFlags.STORAGE_POOLS_ACTIVE, { signal });
  return Promise.all(
    pools.map(async (pool) => {
      const { capacityBytes, allocationBytes } = await pool.getInfo({ signal });
      return { name: pool.name, capacityBytes, allocationBytes };
    }),
  );
}

async function guestsOf(conn: Connection, host: string, signal: AbortSignal): Promise<GuestSurvey[]> {
  const domains = await conn.listAllDomains(ConnectListAllDomainsFlags.DOMAINS_RUNNING, { signal });
  const waiting = domains.values();
  const surveyed: GuestSurvey[] = [];
  await Promise.all(
    Array.from({ length: AGENTS_AT_ONCE }, async () => {
      for (const domain of waiting) surveyed.push(await guestOf(domain, host, signal));
    }),
  );
  return surveyed;
}

async function guestOf(domain: Domain, host: string, signal: AbortSignal): Promise<GuestSurvey> {
  try {
    const info = await domain.getGuestInfo(DomainGuestInfoTypes.FILESYSTEM, 0, { signal, timeoutMs: AGENT_TIMEOUT_MS });
    return { id: domain.uuid, agent: { answers: true }, filesystems: filesystemsOf(info) };
  } catch (error) {
    signal.throwIfAborted();
    const failure = toHubError(host, error);
    if (failure.code === 'host_unreachable') throw failure;
    return { id: domain.uuid, agent: { answers: false, reason: failure.message }, filesystems: [] };
  }
}

/** Those whose size the agent says: not the ones that are made of nothing. One that is mounted twice counts once. */
export function filesystemsOf(info: Parameters): FilesystemFigures[] {
  const all = Array.from({ length: Number(info['fs.count'] ?? 0) }, (_, index) => {
    const field = (name: string) => info[`fs.${index}.${name}`];
    const disks = Array.from({ length: Number(field('disk.count') ?? 0) }, (_, disk) => String(field(`disk.${disk}.device`) ?? ''));
    const [totalBytes, usedBytes] = [field('total-bytes'), field('used-bytes')];
    return { source: String(field('name')), mountpoint: String(field('mountpoint')), disks, totalBytes, usedBytes };
  });
  const sized = all.filter(({ totalBytes, usedBytes }) => Number(totalBytes ?? 0) > 0 && usedBytes !== undefined);
  const once = sized.filter(({ source }, index) => sized.findIndex((other) => other.source === source) === index);
  return once.map(({ mountpoint, disks, totalBytes, usedBytes }) => ({
    mountpoint,
    disks,
    totalBytes: Number(totalBytes),
    usedBytes: Number(usedBytes),
  }));
}
