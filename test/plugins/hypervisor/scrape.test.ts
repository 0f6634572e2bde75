import { expect, test } from 'vitest';
import { vmScrape } from '../../../plugins/hypervisor/scrape.ts';

test('a guest that says nothing of its memory has no such figures', () => {
  expect(vmScrape('a', { 'state.state': 1 })).toEqual({ id: 'a', vcpus: 0, cpuTimeNs: 0n, disks: [], nics: [] });
});

test("libvirt's numbered keys become disks and network cards", () => {
  const params = {
    'cpu.time': 12_345n,
    'vcpu.current': 2,
    'vcpu.0.delay': 300n,
    'vcpu.1.delay': 4n,
    'vcpu.1.wait': 9n,
    'balloon.current': 98_304n,
    'balloon.rss': 200_000n,
    'balloon.usable': 50_000n,
    'block.count': 1,
    'block.0.name': 'vda',
    'block.0.rd.bytes': 4096n,
    'block.0.wr.bytes': 2n ** 60n,
    'block.0.rd.reqs': 1n,
    'block.0.wr.reqs': 2n,
    'block.0.rd.times': 900n,
    'block.0.wr.times': 800n,
    'block.0.capacity': 67_108_864n,
    'net.count': 1,
    'net.0.name': 'vnet3',
    'net.0.rx.bytes': 10n,
    'net.0.tx.bytes': 20n,
    'net.0.rx.pkts': 1n,
    'net.0.tx.pkts': 2n,
  };
  expect(vmScrape('a', params)).toEqual({
    id: 'a',
    vcpus: 2,
    cpuTimeNs: 12_345n,
    cpuWaitNs: 304n,
    memoryActualBytes: 98_304 * 1024,
    memoryRssBytes: 200_000 * 1024,
    memoryUsableBytes: 50_000 * 1024,
    disks: [
      {
        device: 'vda',
        readBytes: 4096n,
        writeBytes: 2n ** 60n,
        readOps: 1n,
        writeOps: 2n,
        readTimeNs: 900n,
        writeTimeNs: 800n,
        capacityBytes: 67_108_864,
      },
    ],
    nics: [{ device: 'vnet3', receiveBytes: 10n, transmitBytes: 20n, receivePackets: 1n, transmitPackets: 2n }],
  });
});
