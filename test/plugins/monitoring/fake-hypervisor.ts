import { definePlugin, type Plugin, type Resource } from 'novacron/plugin';
import { z } from 'zod';
import {
  Hypervisor,
  type HostScrape,
  type HostStatus,
  type HostSurvey,
  type VmScrape,
  type VmStatus,
} from '../../../plugins/hypervisor/port.ts';

type Scrape = (hostId: string, signal: AbortSignal) => Promise<HostScrape>;

const hostStatus = (id: string): HostStatus => ({
  id,
  name: id,
  uri: `test:///${id}`,
  state: { is: 'connected', since: 0 },
  cpus: 4,
  memoryBytes: 8 * 2 ** 30,
  accelerator: 'tcg',
});

export const vmStatus = (id: string, tenant: string): VmStatus => ({
  id,
  name: `name-of-${id}`,
  tenant,
  tags: [],
  owner: null,
  host: 'h1',
  state: 'running',
  vcpus: 2,
  memoryBytes: 2 ** 30,
  managed: true,
});

/** Figures of a guest whose CPU and disk are half busy since `startedAt`. */
export const vmScrape = (id: string, more: Partial<VmScrape> = {}): VmScrape => ({
  id,
  vcpus: 2,
  cpuTimeNs: 0n,
  memoryActualBytes: 1000,
  memoryUsableBytes: 250,
  memoryRssBytes: 1200,
  disks: [{ device: 'vda', readBytes: 1n, writeBytes: 2n, readOps: 3n, writeOps: 4n }],
  nics: [{ device: 'vnet0', receiveBytes: 5n, transmitBytes: 6n, receivePackets: 7n, transmitPackets: 8n }],
  ...more,
});

export const hostScrape = (at: number, vms: readonly VmScrape[], more: Partial<HostScrape['host']> = {}): HostScrape => ({
  at,
  host: { cpuTimeNs: 0n, cpuIdleNs: 0n, cpus: 4, memoryTotalBytes: 4000, memoryFreeBytes: 1000, ...more },
  vms,
});

/** A hypervisor that answers what a test says: the public port, and the resources that a real one declares. */
export function createFakeHypervisor(options: {
  hosts: readonly string[];
  vms: Readonly<Record<string, string>>;
  scrape: Scrape;
  survey?: HostSurvey;
}): {
  port: Hypervisor;
  plugin: Plugin;
} {
  const hosts = options.hosts.map(hostStatus);
  const vms = Object.entries(options.vms).map(([id, tenant]) => vmStatus(id, tenant));
  const port: Hypervisor = {
    hosts: () => hosts,
    vms: () => vms,
    scrape: (host, signal) => options.scrape(host, signal),
    survey: async () => options.survey ?? { at: Date.now(), pools: [], guests: [] },
  };
  const all = (kind: string): Resource[] =>
    (kind === 'vm' ? vms : hosts.map((host) => ({ ...host, tenant: null }))).map(({ id, name, tenant }) => ({
      kind,
      id,
      name,
      tenant,
      tags: [],
      owner: null,
    }));
  const seen = (kind: string, tenant: string | null) =>
    all(kind).filter((one) => tenant === null || one.tenant === null || one.tenant === tenant);
  const plugin = definePlugin(
    { name: 'hypervisor', api: 1, config: z.object({}), needs: {}, provides: { hypervisor: Hypervisor } },
    ({ resource }) => {
      const kindOf = (kind: string) =>
        resource({
          title: kind,
          get: async (_, idOrName, { tenant }) => seen(kind, tenant).find(({ id, name }) => id === idOrName || name === idOrName),
          search: async (_, { text, tenant, rowsMax }) =>
            seen(kind, tenant)
              .filter(({ name }) => name.includes(text))
              .slice(0, rowsMax),
          card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
        });
      return { resources: { vm: kindOf('vm'), host: kindOf('host') }, start: () => ({ hypervisor: port }) };
    },
  );
  return { port, plugin };
}
