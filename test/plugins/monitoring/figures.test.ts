import { describe, expect, test } from 'vitest';
import { createHostSampler, surveySamples } from '../../../plugins/monitoring/figures.ts';
import { hostScrape, vmScrape } from './fake-hypervisor.ts';

const HOST = { id: 'h1', vmsRunning: 1 };
const SECOND_NS = 1_000_000_000n;

function ratios(...cpuTimes: readonly [at: number, cpuTimeNs: bigint][]): unknown[] {
  const sampler = createHostSampler();
  return cpuTimes.map(
    ([at, cpuTimeNs]) => sampler.sample(hostScrape(at, [vmScrape('a', { cpuTimeNs })]), HOST)[0]?.rows[0]?.values['cpuRatio'],
  );
}

describe('figures of a scrape', () => {
  test('CPU is a share of all vcpus since the scrape before; the first has none', () => {
    expect(ratios([0, 5n * SECOND_NS], [10_000, 15n * SECOND_NS], [30_000, 15n * SECOND_NS])).toEqual([null, 0.5, 0]);
  });

  test('a guest that began again has no share for one scrape', () => {
    expect(ratios([0, 500n * SECOND_NS], [10_000, 2n * SECOND_NS], [20_000, 12n * SECOND_NS])).toEqual([null, null, 0.5]);
  });

  test('a share is never above 1, and two scrapes of one instant make none', () => {
    expect(ratios([0, 0n], [1000, 3n * SECOND_NS], [1000, 4n * SECOND_NS])).toEqual([null, 1, null]);
  });

  test('memory that the guest does not tell is missing, not 0', () => {
    const { memoryUsableBytes: _, ...silent } = vmScrape('a');
    const [vm] = createHostSampler().sample(hostScrape(0, [silent]), HOST);
    expect(vm?.rows[0]?.values).toMatchObject({ memoryBytes: 1000, memoryRssBytes: 1200, memoryUsedBytes: null, memoryUsedRatio: null });
    const [told] = createHostSampler().sample(hostScrape(0, [vmScrape('a')]), HOST);
    expect(told?.rows[0]?.values).toMatchObject({ memoryUsedBytes: 750, memoryUsedRatio: 0.75 });
  });

  test('how long a guest waited for the host, and its disks for theirs, is told where libvirt tells it', () => {
    const disks = [{ device: 'vda', readBytes: 1n, writeBytes: 2n, readOps: 3n, writeOps: 4n, readTimeNs: 5n, writeTimeNs: 6n }];
    const [vm, disk] = createHostSampler().sample(hostScrape(0, [vmScrape('a', { cpuWaitNs: 7n, disks })]), HOST);
    expect(vm?.rows[0]?.values['cpuWaitSeconds']).toBe(7n);
    expect(disk?.rows[0]?.values).toMatchObject({ readTimeSeconds: 5n, writeTimeSeconds: 6n });
  });

  test('a host without VMs is measured alone; its CPU is what was not idle', () => {
    const sampler = createHostSampler();
    sampler.sample(hostScrape(0, [], { cpuTimeNs: 100n, cpuIdleNs: 80n }), HOST);
    expect(sampler.sample(hostScrape(10_000, [], { cpuTimeNs: 200n, cpuIdleNs: 155n }), HOST)).toEqual([
      {
        table: 'host',
        at: 10_000,
        rows: [
          { entity: 'h1', values: { cpuRatio: 0.25, memoryBytes: 4000, memoryUsedBytes: 3000, memoryUsedRatio: 0.75, vmsRunning: 1 } },
        ],
      },
    ]);
  });

  test('disks and interfaces are rows of their own, and figures that we do not know are left out', () => {
    const disk = { device: 'vda', readBytes: 1n, writeBytes: 2n, readOps: 3n, writeOps: 4n, capacityBytes: 5, novelty: 6 };
    const batches = createHostSampler().sample(hostScrape(0, [vmScrape('a', { disks: [disk] })]), HOST);
    expect(batches.map(({ table }) => table)).toEqual(['vm', 'vm.disk', 'vm.nic', 'host']);
    expect(batches[1]?.rows).toEqual([
      {
        entity: 'a',
        device: 'vda',
        values: {
          readBytes: 1n,
          writeBytes: 2n,
          readOps: 3n,
          writeOps: 4n,
          capacityBytes: 5,
          allocationBytes: undefined,
          allocatedRatio: null,
        },
      },
    ]);
  });

  test('a survey tells how full file systems and pools are', () => {
    const filesystems = [{ mountpoint: '/', disks: ['/dev/vda1'], totalBytes: 400, usedBytes: 100 }];
    const guests = [{ id: 'a', agent: { answers: true } as const, filesystems }];
    const pools = [{ name: 'fast', capacityBytes: 1000, allocationBytes: 900 }];
    expect(surveySamples({ at: 5, pools, guests }, 'h1')).toEqual([
      { table: 'vm.filesystem', at: 5, rows: [{ entity: 'a', device: '/', values: { totalBytes: 400, usedBytes: 100, usedRatio: 0.25 } }] },
      {
        table: 'host.pool',
        at: 5,
        rows: [{ entity: 'h1', device: 'fast', values: { capacityBytes: 1000, allocationBytes: 900, allocatedRatio: 0.9 } }],
      },
    ]);
    expect(surveySamples({ at: 5, pools: [], guests: [] }, 'h1')).toEqual([]);
  });
});
