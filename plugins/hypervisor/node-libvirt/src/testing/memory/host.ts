import { cpuMap } from '../../cpumap.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';

export const hostCpus = 4;
const memoryKib = 4n * 1024n * 1024n;

/** Text as one of C's arrays of char. */
const field = (text: string, length: number): number[] => [...Buffer.from(text.padEnd(length, '\0'))];

/** The daemon and its host: 4 CPUs and 4 GiB, of which domains take nothing. */
export function serveHost(fake: FakeLibvirt): void {
  fake.answer(remote.connectGetType, () => ({ type: 'Memory' }));
  fake.answer(remote.connectGetVersion, () => ({ hvVer: 9_000_000n }));
  fake.answer(remote.connectGetLibVersion, () => ({ libVer: 9_000_000n }));
  fake.answer(remote.connectGetHostname, () => ({ hostname: 'memory' }));
  fake.answer(remote.connectGetUri, () => ({ uri: 'test:///memory' }));
  // What does not leave this machine is secure by libvirt's rules.
  fake.answer(remote.connectIsSecure, () => ({ secure: 1 }));
  fake.answer(remote.connectGetMaxVcpus, () => ({ maxVcpus: 32 }));
  fake.answer(remote.connectGetCpuModelNames, ({ arch }) => {
    const models = arch === 'x86_64' ? ['qemu32', 'qemu64'] : [];
    return { models, ret: models.length };
  });
  fake.answer(remote.connectGetCapabilities, () => ({ capabilities }));
  const cores = { cpus: hostCpus, mhz: 2000, nodes: 1, sockets: 1, cores: hostCpus, threads: 1 };
  fake.answer(remote.nodeGetInfo, () => ({ model: field('x86_64', 32), memory: memoryKib, ...cores }));
  fake.answer(remote.nodeGetCpuMap, () => ({
    cpumap: cpuMap(Array.from({ length: hostCpus }, (_, cpu) => cpu)),
    online: hostCpus,
    ret: hostCpus,
  }));
  fake.answer(remote.nodeGetFreeMemory, () => ({ freeMem: memoryKib * 1024n }));
  fake.answer(remote.nodeGetCellsFreeMemory, ({ startCell, maxcells }) => ({
    cells: startCell === 0 && maxcells > 0 ? [memoryKib * 1024n] : [],
  }));
  fake.answer(remote.nodeGetSecurityModel, () => ({ model: [], doi: [] }));
}

const capabilities = `<capabilities>
  <host><cpu><arch>x86_64</arch></cpu></host>
  <guest><os_type>hvm</os_type><arch name='x86_64'><wordsize>64</wordsize><domain type='test'/></arch></guest>
</capabilities>`;
