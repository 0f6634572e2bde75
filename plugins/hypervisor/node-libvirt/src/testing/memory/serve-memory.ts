import type { FakeLibvirt } from '../fake-libvirt.ts';
import { serveCheckpoints } from './checkpoints.ts';
import { serveCpus } from './cpus.ts';
import { serveDevices } from './devices.ts';
import { serveDomains } from './domains.ts';
import { Guests } from './guests.ts';
import { serveHost } from './host.ts';
import { serveMeasures } from './measures.ts';
import { serveMetadata } from './metadata.ts';
import { serveNetworks } from './networks.ts';
import { serveNwfilters } from './nwfilters.ts';
import { servePools } from './pools.ts';
import { serveSaving } from './saving.ts';
import { serveSecrets } from './secrets.ts';
import { serveSnapshots } from './snapshots.ts';
import { serveVolumes } from './volumes.ts';

/**
 * Makes the fake a host in memory, empty at first: domains that change state and run nothing, pools and volumes with content, networks, secrets,
 * packet filters, and the events of all that. It lives as long as the fake, whatever happens to connections.
 *
 * What it does not do it answers as a driver that does not support it. Flags that would make a difference and are not known are refused; flags
 * that make none in memory are ignored. `answer` and `fail` work on top of it: the last `answer` for a procedure counts.
 */
export function serveMemory(fake: FakeLibvirt): void {
  serveHost(fake);
  serveDevices(fake);
  serveGuests(fake, new Guests(fake));
  serveVolumes(fake, servePools(fake));
  serveNetworks(fake);
  serveSecrets(fake);
  serveNwfilters(fake);
}

function serveGuests(fake: FakeLibvirt, guests: Guests): void {
  serveDomains(fake, guests);
  serveMetadata(fake, guests);
  serveCpus(fake, guests);
  serveMeasures(fake, guests);
  serveSaving(fake, guests);
  serveSnapshots(fake, guests);
  serveCheckpoints(fake, guests);
}
