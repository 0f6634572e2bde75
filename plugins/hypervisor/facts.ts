import type { Connection } from 'node-libvirt';
import { findDomain } from './domains.ts';
import type { DiskDefinition } from './domain-parse.ts';
import { orMissing } from './errors.ts';
import type { VmEntry } from './inventory.ts';
import { hostOf, type Runtime } from './runtime.ts';

export interface VmFacts {
  /** Sizes are null where the host cannot say. */
  readonly disks: (DiskDefinition & { readonly capacityBytes: number | null })[];
  /** IP addresses, as far as anybody knows them. */
  readonly addresses: string[];
}

const FACTS_TIMEOUT_MS = 2_000;
const SOURCE_LEASE = 0;
const SOURCE_AGENT = 1;

/** What only its host knows of a VM. Beside the point of a card, so a host that is slow or away costs nothing but these facts. */
export async function vmFacts(runtime: Runtime, entry: VmEntry, signal: AbortSignal): Promise<VmFacts> {
  const unknown: VmFacts = { disks: entry.definition.disks.map((disk) => ({ ...disk, capacityBytes: null })), addresses: [] };
  const link = runtime.links.get(entry.host);
  if (link === undefined || link.status.state.is === 'unreachable' || entry.state === 'missing') return unknown;
  const call = { timeoutMs: FACTS_TIMEOUT_MS, signal };
  try {
    return await hostOf(runtime, entry).use(async (conn) => {
      const disks = entry.definition.disks.map(async (disk) => ({ ...disk, capacityBytes: await capacityOf(conn, entry.host, disk.path) }));
      return { disks: await Promise.all(disks), addresses: entry.state === 'running' ? await addressesOf(conn, entry, call) : [] };
    });
  } catch (error) {
    signal.throwIfAborted();
    runtime.log.debug({ err: error, vm: entry.id }, 'the host did not say more about a VM');
    return unknown;
  }
}

export async function capacityOf(conn: Connection, host: string, path: string | null): Promise<number | null> {
  if (path === null) return null;
  const volume = await orMissing(host, conn.storageVolLookupByPath(path));
  return volume ? (await volume.getInfo()).capacityBytes : null;
}

/** The agent knows more than the leases, but may not be there. */
async function addressesOf(conn: Connection, { id, host }: VmEntry, call: { timeoutMs: number; signal: AbortSignal }): Promise<string[]> {
  const domain = await findDomain(conn, host, id);
  if (domain === undefined) return [];
  for (const source of [SOURCE_AGENT, SOURCE_LEASE]) {
    const nics = await domain.interfaceAddresses(source, 0, call).catch(() => []);
    const addresses = nics.flatMap(({ name, addrs }) => (name === 'lo' ? [] : addrs.map(({ addr }) => addr)));
    const useful = addresses.filter((address) => !address.startsWith('fe80:') && address !== '127.0.0.1' && address !== '::1');
    if (useful.length > 0) return useful;
  }
  return [];
}
