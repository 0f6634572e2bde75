import type { Connection } from 'node-libvirt';
import type { NetworkChoice } from './domain-xml.ts';

const LIBVIRT_DEFAULT = 'default';

/** What the config says about networks, as a choice for one host: `auto` is libvirt's own network when it is up, else user mode. */
export async function chooseNetwork(conn: Connection, wanted: string): Promise<NetworkChoice> {
  if (wanted === 'user') return { is: 'user' };
  const [kind, name] = wanted.split(':');
  if (name !== undefined) return { is: kind === 'bridge' ? 'bridge' : 'network', name };
  const network = (await conn.listAllNetworks()).find((candidate) => candidate.name === LIBVIRT_DEFAULT);
  return network && (await network.isActive()) ? { is: 'network', name: LIBVIRT_DEFAULT } : { is: 'user' };
}
