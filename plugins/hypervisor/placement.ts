import { HubError } from 'novacron/plugin';
import { hostUnreachable } from './errors.ts';
import { linkOf, type HostLink } from './host-link.ts';
import { memoryOf } from './host-memory.ts';
import type { Runtime } from './runtime.ts';
import { formatBytes } from './sizes.ts';

/** The wanted host, or the connected one with the most free memory. HubErrors `host_unknown`, `host_unreachable`, `host_denied`, `host_memory_short`. */
export async function chooseHost(
  runtime: Runtime,
  { wanted, memoryBytes }: { wanted: string | undefined; memoryBytes: number },
): Promise<HostLink> {
  const candidates = wanted === undefined ? connected(runtime) : [linkOf(runtime.links, wanted)];
  const measured = await Promise.all(candidates.map(async (link) => ({ link, memory: await link.use(memoryOf) })));
  const best = measured.toSorted((a, b) => b.memory.availableBytes - a.memory.availableBytes)[0];
  if (best === undefined) throw nobody(runtime);
  const { link, memory } = best;
  if (memory.availableBytes >= memoryBytes) return link;
  const message = `The VM wants ${formatBytes(memoryBytes)} of memory; host '${link.name}' has ${formatBytes(memory.availableBytes)} free of ${formatBytes(memory.totalBytes)}. Give it less, or stop other VMs.`;
  throw new HubError('host_memory_short', message, { status: 507, details: { host: link.name, ...memory, memoryBytes } });
}

const connected = ({ links }: Runtime): HostLink[] => [...links.values()].filter((link) => link.status.state.is === 'connected');

function nobody({ links }: Runtime): HubError {
  const [first] = links.values();
  if (first === undefined)
    return new HubError('host_unknown', "No host is configured. Name one in plugins.json, under 'hypervisor'.", { status: 503 });
  const { state } = first.status;
  return hostUnreachable(first.name, state.is === 'unreachable' ? state.reason : 'the connection is being made');
}
