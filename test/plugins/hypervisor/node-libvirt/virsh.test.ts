import { afterAll, beforeAll, describe } from 'vitest';
import type { Connection, Domain } from 'node-libvirt';
import {
  connect,
  DomainMemoryStatTags,
  DomainMetadataType,
  DomainModificationImpact,
  DomainState,
  DomainVcpuFlags,
  DomainXMLFlags,
} from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { agentAnswers, guestMac, startGuest } from './kit/guest.ts';
import { compareWithVirsh, fields, pairs, ranges, rows, texts, trimmed, version, yesNo } from './kit/virsh.ts';

const namespace = 'https://example.org/nlv/1';

let host: LibvirtHost;
let conn: Connection;
let domain: Domain;
const on = { uri: () => host.uri };

describe('every field is what virsh says', () => {
  beforeAll(async () => {
    host = await startLibvirtHost();
    conn = await connect(host.uri);
    domain = await startGuest(conn, host);
    const flags = DomainModificationImpact.AFFECT_CONFIG | DomainModificationImpact.AFFECT_LIVE;
    await domain.setMetadata({ type: DomainMetadataType.ELEMENT, metadata: '<owner>me</owner>', key: 'nlv', uri: namespace, flags });
    await domain.setMetadata({ type: DomainMetadataType.DESCRIPTION, metadata: 'for comparing', flags });
    await domain.setBlockIoTune('vda', { total_iops_sec: 1000, group_name: 'group' });
    await domain.pinVcpu(0, [0]);
    await agentAnswers(domain);
  }, 120_000);
  afterAll(async () => {
    await conn.close();
    await host[Symbol.asyncDispose]();
  });

  describe('the host', () => {
    compareWithVirsh(on, [
      ['hostname', () => conn.getHostname(), trimmed],
      [
        'version --daemon',
        async () => [`${await conn.getType()} ${version(await conn.getVersion())}`, version(await conn.getLibVersion())],
        (text) => [fields(text)['Running hypervisor'], fields(text)['Running against daemon']],
      ],
      [
        'nodeinfo',
        async () => {
          const { model, cpus, sockets, cores, threads, nodes, memoryKib } = await conn.nodeGetInfo();
          return {
            'CPU model': model,
            'CPU(s)': `${cpus}`,
            'CPU socket(s)': `${sockets}`,
            'Core(s) per socket': `${cores}`,
            'Thread(s) per core': `${threads}`,
            'NUMA cell(s)': `${nodes}`,
            'Memory size': `${memoryKib} KiB`,
          };
        },
        (text) => {
          // The clock of a CPU changes all the time.
          const { 'CPU frequency': _, ...rest } = fields(text);
          return rest;
        },
      ],
      ['capabilities', async () => (await conn.getCapabilities()).trim(), trimmed],
      ['domcapabilities --virttype qemu', async () => (await conn.getDomainCapabilities({ virttype: 'qemu' })).trim(), trimmed],
      ['pool-capabilities', async () => (await conn.getStoragePoolCapabilities()).trim(), trimmed],
      ['cpu-models x86_64', () => conn.getCPUModelNames('x86_64'), (text) => text.trim().split('\n')],
      [
        'nodecpumap',
        async () => {
          const { cpus, online } = await conn.nodeGetCPUMap();
          return { 'CPUs present': `${cpus}`, 'CPUs online': `${online.length}`, 'CPU map': 'y'.repeat(online.length) };
        },
        fields,
      ],
      ['node-memory-tune', async () => texts(await conn.nodeGetMemoryParameters()), (text) => pairs(text.replace(/^.*:\n/, ''))],
      [
        'nodememstats',
        async () => (await conn.nodeGetMemoryStats())['total'],
        (text) => BigInt(fields(text)['total']!.replace(' KiB', '')),
      ],
      [
        'nodecpustats --cpu 0',
        async () => Object.keys(await conn.nodeGetCPUStats(0)).toSorted(),
        (text) => Object.keys(fields(text.replace('system:', 'kernel:'))).toSorted(),
      ],
    ]);
  });

  describe('a guest that runs', () => {
    compareWithVirsh(on, [
      ['domhostname guest', () => domain.getHostname(), trimmed],
      [
        'domfsinfo guest',
        async () => (await domain.getFSInfo()).map(({ mountpoint, name, fstype }) => [mountpoint, name, fstype]),
        (text) => rows(text).map((row) => row.slice(0, 3)),
      ],
      ['guestinfo guest --os --timezone --hostname', async () => texts(await domain.getGuestInfo(2 | 4 | 8)), fields],
      [
        'domifaddr guest --source agent',
        async () =>
          (await domain.interfaceAddresses(1)).flatMap(({ name, hwaddr, addrs }) => {
            const lines = addrs.map(({ type, addr, prefix }) => [type === 0 ? 'ipv4' : 'ipv6', `${addr}/${prefix}`]);
            // A second address of an interface stands on a line without it.
            return (lines.length > 0 ? lines : [['N/A', 'N/A']]).map((line, at) => [...(at === 0 ? [name, hwaddr] : ['-', '-']), ...line]);
          }),
        (text) => rows(text).map(([name, mac, type, address]) => [name, mac, type, address]),
      ],
      ['guestvcpus guest', async () => texts(await domain.getGuestVcpus()), (text) => fields(text.replaceAll(/^(\w+)\s+:/gm, '$1:'))],
      ['qemu-agent-command guest {"execute":"guest-get-osinfo"}', () => domain.qemuAgentCommand('{"execute":"guest-get-osinfo"}'), trimmed],
    ]);
  });

  describe('a guest that stands still', () => {
    beforeAll(async () => {
      await domain.suspend();
      await domain.snapshotCreateXML('<domainsnapshot><name>before</name></domainsnapshot>');
      await domain.checkpointCreateXML('<domaincheckpoint><name>moment</name></domaincheckpoint>');
    });

    compareWithVirsh(on, [
      ['list --all --name', async () => (await conn.listAllDomains()).map((one) => one.name), (text) => text.trim().split('\n')],
      ['domuuid guest', async () => (await conn.domainLookupByName('guest')).uuid, trimmed],
      ['domid guest', async () => (await conn.domainLookupByUUID(domain.uuid)).id, Number],
      [
        'dominfo guest',
        async () => {
          const [info, found] = [await domain.getInfo(), await conn.domainLookupByName('guest')];
          const { model, doi } = await conn.nodeGetSecurityModel();
          return {
            Id: `${found.id}`,
            Name: found.name,
            UUID: found.uuid,
            'OS Type': await domain.getOSType(),
            State: info.state === DomainState.PAUSED ? 'paused' : `${info.state}`,
            'CPU(s)': `${info.nrVirtCpu}`,
            'CPU time': `${(Number(info.cpuTimeNs) / 1e9).toFixed(1)}s`,
            'Max memory': `${info.maxMemKib} KiB`,
            'Used memory': `${info.memoryKib} KiB`,
            Persistent: yesNo(await domain.isPersistent()),
            Autostart: (await domain.getAutostart()) ? 'enable' : 'disable',
            'Managed save': yesNo(await domain.hasManagedSaveImage()),
            'Security model': model,
            'Security DOI': doi,
            messages: (await domain.getMessages()).toSorted(),
          };
        },
        (text) => {
          const [head, messages] = text.split('Messages:') as [string, string];
          const lines = messages.trim().split('\n');
          return { ...fields(head), messages: lines.map(trimmed).toSorted() };
        },
      ],
      ['domstate guest --reason', async () => ((await domain.getState()).reason === 1 ? 'paused (user)' : ''), trimmed],
      ['domcontrol guest', async () => ((await domain.getControlInfo()).state === 0 ? 'ok' : ''), trimmed],
      ['dumpxml guest', async () => (await domain.getXMLDesc()).trim(), trimmed],
      [
        'dumpxml guest --inactive --security-info',
        async () => (await domain.getXMLDesc(DomainXMLFlags.INACTIVE | DomainXMLFlags.SECURE)).trim(),
        trimmed,
      ],
      [
        `metadata guest ${namespace}`,
        async () => (await domain.getMetadata({ type: DomainMetadataType.ELEMENT, uri: namespace })).trim(),
        trimmed,
      ],
      ['desc guest', () => domain.getMetadata({ type: DomainMetadataType.DESCRIPTION }), trimmed],
      [
        'dommemstat guest',
        async () => {
          const names: Record<number, string> = {
            [DomainMemoryStatTags.SWAP_IN]: 'swap_in',
            [DomainMemoryStatTags.SWAP_OUT]: 'swap_out',
            [DomainMemoryStatTags.MAJOR_FAULT]: 'major_fault',
            [DomainMemoryStatTags.MINOR_FAULT]: 'minor_fault',
            [DomainMemoryStatTags.UNUSED]: 'unused',
            [DomainMemoryStatTags.AVAILABLE]: 'available',
            [DomainMemoryStatTags.ACTUAL_BALLOON]: 'actual',
            [DomainMemoryStatTags.RSS]: 'rss',
            [DomainMemoryStatTags.USABLE]: 'usable',
            [DomainMemoryStatTags.LAST_UPDATE]: 'last_update',
            [DomainMemoryStatTags.DISK_CACHES]: 'disk_caches',
            [DomainMemoryStatTags.HUGETLB_PGALLOC]: 'hugetlb_pgalloc',
            [DomainMemoryStatTags.HUGETLB_PGFAIL]: 'hugetlb_pgfail',
          };
          return Object.fromEntries([...(await domain.memoryStats())].map(([tag, value]) => [names[tag], `${value}`]));
        },
        pairs,
      ],
      [
        'vcpucount guest',
        async () => {
          const { MAXIMUM } = DomainVcpuFlags;
          const [live, config] = [DomainVcpuFlags.LIVE, DomainVcpuFlags.CONFIG];
          const of = async (flags: number) => `${await domain.getVcpusFlags(flags)}`;
          return [
            ['maximum', 'config', await of(MAXIMUM | config)],
            ['maximum', 'live', await of(MAXIMUM | live)],
            ['current', 'config', await of(config)],
            ['current', 'live', await of(live)],
          ];
        },
        rows,
      ],
      [
        'vcpuinfo guest',
        async () => {
          const [one] = await domain.getVcpus();
          const cpus = (await conn.nodeGetCPUMap()).cpus;
          const affinity = Array.from({ length: cpus }, (_, cpu) => (one!.cpus.includes(cpu) ? 'y' : '-')).join('');
          return { VCPU: `${one!.number}`, CPU: `${one!.cpu}`, 'CPU Affinity': affinity };
        },
        (text) => {
          const { State: _, 'CPU time': __, ...rest } = fields(text);
          return rest;
        },
      ],
      ['vcpupin guest', async () => (await domain.getVcpuPinInfo()).map((cpus, at) => [`${at}`, ranges(cpus)]), rows],
      ['emulatorpin guest', async () => [[ranges(await domain.getEmulatorPinInfo())]], rows],
      ['iothreadinfo guest', async () => (await domain.getIOThreadInfo()).map(({ id, cpus }) => [`${id}`, ranges(cpus)]), rows],
      [
        'domblkinfo guest vda',
        async () => {
          const { capacityBytes, allocationBytes, physicalBytes } = await domain.getBlockInfo('vda');
          return { Capacity: `${capacityBytes}`, Allocation: `${allocationBytes}`, Physical: `${physicalBytes}` };
        },
        fields,
      ],
      [
        'domblkstat guest vda',
        async () => {
          const { rdReq, rdBytes, wrReq, wrBytes } = await domain.blockStats('vda');
          return { rd_req: `${rdReq}`, rd_bytes: `${rdBytes}`, wr_req: `${wrReq}`, wr_bytes: `${wrBytes}` };
        },
        (text) => {
          const values = pairs(text.replaceAll(/^vda /gm, ''));
          const { rd_req, rd_bytes, wr_req, wr_bytes } = values;
          return { rd_req, rd_bytes, wr_req, wr_bytes };
        },
      ],
      ['domblkerror guest', async () => (await domain.getDiskErrors()).length, (text) => (text.includes('No errors') ? 0 : 1)],
      ['blkdeviotune guest vda', async () => texts(await domain.getBlockIoTune('vda')), fields],
      [
        'domifstat guest nlv-tap',
        async () => {
          const stats = await domain.interfaceStats(guestMac);
          const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
          return Object.fromEntries(Object.entries(stats).map(([name, value]) => [snake(name), `${value}`]));
        },
        (text) => pairs(text.replaceAll(/^nlv-tap /gm, '')),
      ],
      ['domiftune guest nlv-tap', async () => texts(await domain.getInterfaceParameters('nlv-tap')), fields],
      ['numatune guest', async () => (await domain.getNumaParameters())['numa_nodeset'], (text) => fields(text)['numa_nodeset']],
      ['domjobinfo guest', async () => ((await domain.getJobInfo()).type === 0 ? 'None' : ''), (text) => fields(text)['Job type']],
      ['migrate-getmaxdowntime guest', () => domain.migrateGetMaxDowntime(), Number],
      ['migrate-getspeed guest', () => domain.migrateGetMaxSpeed(), (text) => BigInt(text.trim())],
      [
        'migrate-compcache guest',
        async () => `${((await domain.migrateGetCompressionCache()) / 1024 / 1024).toFixed(3)} MiB`,
        (text) => fields(text)['Compression cache'],
      ],
      [
        'domstats guest',
        async () => {
          const [record] = await conn.getAllDomainStats({ domains: [domain] });
          return texts(stable(record!.params));
        },
        (text) => stable(Object.fromEntries([...text.matchAll(/^\s+([^=\s]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]))),
      ],
      [
        'snapshot-list guest --name',
        async () => (await domain.listAllSnapshots()).map((one) => one.name),
        (text) => text.trim().split('\n'),
      ],
      ['snapshot-current guest --name', async () => (await domain.snapshotCurrent()).name, trimmed],
      ['snapshot-dumpxml guest before', async () => (await (await domain.snapshotLookupByName('before')).getXMLDesc()).trim(), trimmed],
      [
        'snapshot-info guest before',
        async () => {
          const one = await domain.snapshotLookupByName('before');
          return {
            Name: one.name,
            Domain: one.domain.name,
            Current: yesNo(await one.isCurrent()),
            Children: `${(await one.listAllChildren()).length}`,
            Metadata: yesNo(await one.hasMetadata()),
          };
        },
        (text) => {
          const { Name, Domain, Current, Children, Metadata } = fields(text);
          return { Name, Domain, Current, Children, Metadata };
        },
      ],
      [
        'checkpoint-list guest --name',
        async () => (await domain.listAllCheckpoints()).map((one) => one.name),
        (text) => text.trim().split('\n'),
      ],
      ['checkpoint-dumpxml guest moment', async () => (await (await domain.checkpointLookupByName('moment')).getXMLDesc()).trim(), trimmed],
      [
        'qemu-monitor-command guest {"execute":"query-kvm"}',
        async () => (JSON.parse(await domain.qemuMonitorCommand('{"execute":"query-kvm"}')) as { return: unknown }).return,
        (text) => (JSON.parse(text) as { return: unknown }).return,
      ],
    ]);
  });
});

/** What does not change between two questions while a guest stands still. */
function stable<V>(params: Record<string, V>): Record<string, V> {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !/^(cpu\.|balloon\.rss|.*\.(delay|wait|time)$)/.test(name)));
}
