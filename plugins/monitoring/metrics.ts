import type { Metric } from 'novacron/plugin';

const gauge = (unit: Metric['unit'], help: string): Metric => ({ unit, kind: 'gauge', help });
const counter = (unit: Metric['unit'], help: string): Metric => ({ unit, kind: 'counter', help });

/** What is measured. Counters begin at 0 when the guest or the host starts; a rate knows that. */
export const metrics = {
  vm: {
    cpuTimeSeconds: counter('seconds', 'CPU time of the guest since its start, all vcpus; kept in whole nanoseconds.'),
    cpuRatio: gauge('ratio', 'Share of its vcpus that the guest used since the sample before, 0 to 1.'),
    cpuWaitSeconds: counter('seconds', 'Time that vcpus were ready but waited for a CPU of the host (steal), all vcpus.'),
    vcpus: gauge('count', 'Virtual CPUs.'),
    memoryBytes: gauge('bytes', 'Memory that the guest may use now.'),
    memoryRssBytes: gauge('bytes', 'Memory of the QEMU process on the host.'),
    memoryUsedBytes: gauge('bytes', 'Memory in use as the guest says itself; missing while it says nothing.'),
    memoryUsedRatio: gauge('ratio', 'memoryUsedBytes of memoryBytes, 0 to 1.'),
  },
  'vm.disk': {
    readBytes: counter('bytes', 'Read from the disk.'),
    writeBytes: counter('bytes', 'Written to the disk.'),
    readOps: counter('count', 'Read requests.'),
    writeOps: counter('count', 'Write requests.'),
    readTimeSeconds: counter('seconds', 'Time that read requests took, added up; over readOps: how long one takes.'),
    writeTimeSeconds: counter('seconds', 'Time that write requests took, added up.'),
    capacityBytes: gauge('bytes', 'Size of the disk as the guest sees it.'),
    allocationBytes: gauge('bytes', 'What the disk takes on the host.'),
    allocatedRatio: gauge(
      'ratio',
      'allocationBytes of capacityBytes, 0 to 1: how full it has ever been, unless the guest gives space back.',
    ),
  },
  'vm.filesystem': {
    totalBytes: gauge('bytes', 'Size of the file system, as the agent of the guest says.'),
    usedBytes: gauge('bytes', 'Of it in use.'),
    usedRatio: gauge('ratio', 'usedBytes of totalBytes, 0 to 1.'),
  },
  'vm.nic': {
    receiveBytes: counter('bytes', 'Received by the guest.'),
    transmitBytes: counter('bytes', 'Sent by the guest.'),
    receivePackets: counter('count', 'Packets received by the guest.'),
    transmitPackets: counter('count', 'Packets sent by the guest.'),
  },
  host: {
    cpuRatio: gauge('ratio', 'Share of its CPUs that the host used since the sample before, 0 to 1.'),
    memoryBytes: gauge('bytes', 'Memory of the host.'),
    memoryUsedBytes: gauge('bytes', 'Memory that is neither free nor cache.'),
    memoryUsedRatio: gauge('ratio', 'memoryUsedBytes of memoryBytes, 0 to 1.'),
    vmsRunning: gauge('count', 'VMs that run on the host.'),
  },
  'host.pool': {
    capacityBytes: gauge('bytes', 'Size of the storage pool.'),
    allocationBytes: gauge('bytes', 'Of it taken.'),
    allocatedRatio: gauge('ratio', 'allocationBytes of capacityBytes, 0 to 1.'),
  },
} as const;
