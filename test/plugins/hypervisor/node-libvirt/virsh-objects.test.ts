import { afterAll, beforeAll, describe } from 'vitest';
import type { Connection, Domain, Network, NodeDevice, NwFilter, Secret, StoragePool, StorageVolume } from 'node-libvirt';
import { connect } from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { compareWithVirsh, fields, rows, texts, trimmed, yesNo } from './kit/virsh.ts';

let host: LibvirtHost;

beforeAll(async () => {
  host = await startLibvirtHost();
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

describe('storage, networks, devices and secrets of QEMU are what virsh says', () => {
  let conn: Connection;
  let pool: StoragePool;
  let volume: StorageVolume;
  let network: Network;
  let secret: Secret;
  let filter: NwFilter;
  let device: NodeDevice;

  beforeAll(async () => {
    conn = await connect(host.uri);
    pool = await conn.storagePoolDefineXML(`<pool type='dir'><name>pool</name><target><path>${host.dir}/pool</path></target></pool>`);
    await pool.build();
    await pool.create();
    volume = await pool.storageVolCreateXML(
      `<volume><name>a.img</name><capacity unit='MiB'>3</capacity><allocation>4096</allocation></volume>`,
    );
    network = await conn.networkDefineXML(
      `<network><name>net</name><bridge name='nlv0'/><ip address='10.9.8.1' netmask='255.255.255.0'/></network>`,
    );
    secret = await conn.secretDefineXML(`<secret ephemeral='no'><usage type='ceph'><name>key of a</name></usage></secret>`);
    await secret.setValue(Buffer.from('not to be told'));
    filter = await conn.nwfilterDefineXML(`<filter name='only-arp'><rule action='drop' direction='out'><arp/></rule></filter>`);
    device = await conn.nodeDeviceLookupByName('computer');
  });
  afterAll(() => conn.close());

  compareWithVirsh({ uri: () => host.uri, names: { SECRET: () => secret.uuid, VOLUME: () => volume.key } }, [
    ['pool-list --all --name', async () => (await conn.listAllStoragePools()).map((one) => one.name), (text) => text.trim().split(/\s+/)],
    [
      'pool-info pool --bytes',
      async () => {
        const { capacityBytes, allocationBytes, availableBytes } = await pool.getInfo();
        const sizes = { Capacity: `${capacityBytes}`, Allocation: `${allocationBytes}`, Available: `${availableBytes}` };
        const [persistent, autostart] = [yesNo(await pool.isPersistent()), yesNo(await pool.getAutostart())];
        return { Name: pool.name, UUID: pool.uuid, State: 'running', Persistent: persistent, Autostart: autostart, ...sizes };
      },
      fields,
    ],
    ['pool-dumpxml pool', async () => (await pool.getXMLDesc()).trim(), trimmed],
    ['vol-list pool', async () => Promise.all((await pool.listAllVolumes()).map(async (one) => [one.name, await one.getPath()])), rows],
    [
      'vol-info a.img pool --bytes',
      async () => {
        const { capacityBytes, allocationBytes } = await volume.getInfo();
        return { Name: volume.name, Type: 'file', Capacity: `${capacityBytes} bytes`, Allocation: `${allocationBytes} bytes` };
      },
      fields,
    ],
    ['vol-dumpxml a.img pool', async () => (await volume.getXMLDesc()).trim(), trimmed],
    ['vol-key a.img pool', async () => (await pool.storageVolLookupByName('a.img')).key, trimmed],
    ['vol-pool VOLUME', async () => (await conn.storagePoolLookupByVolume(volume)).name, trimmed],
    [
      'net-info net',
      async () => ({
        Name: network.name,
        UUID: network.uuid,
        Active: yesNo(await network.isActive()),
        Persistent: yesNo(await network.isPersistent()),
        Autostart: yesNo(await network.getAutostart()),
        Bridge: await network.getBridgeName(),
      }),
      fields,
    ],
    ['net-dumpxml net', async () => (await network.getXMLDesc()).trim(), trimmed],
    ['net-dhcp-leases net', async () => (await network.getDHCPLeases()).length, (text) => rows(text).length],
    [
      'nodedev-list',
      async () => (await conn.listAllNodeDevices()).map((one) => one.name).toSorted(),
      (text) => text.trim().split('\n').toSorted(),
    ],
    ['nodedev-dumpxml computer', async () => (await device.getXMLDesc()).trim(), trimmed],
    [
      'iface-list --all',
      async () => (await conn.listAllInterfaces()).map((one) => [one.name, one.mac]),
      (text) => rows(text).map(([name, , mac]) => [name, mac]),
    ],
    ['iface-dumpxml lo', async () => (await (await conn.interfaceLookupByName('lo')).getXMLDesc()).trim(), trimmed],
    ['secret-list', async () => (await conn.listAllSecrets()).map((one) => [one.uuid, `ceph ${one.usageID}`]), rows],
    ['secret-dumpxml SECRET', async () => (await secret.getXMLDesc()).trim(), trimmed],
    ['secret-get-value SECRET', async () => Buffer.from(await secret.getValue()).toString('base64'), trimmed],
    ['nwfilter-list', async () => (await conn.listAllNWFilters()).map((one) => [one.uuid, one.name]), rows],
    ['nwfilter-dumpxml only-arp', async () => (await filter.getXMLDesc()).trim(), trimmed],
  ]);
});

describe('the test driver is what virsh says', () => {
  let conn: Connection;
  let domain: Domain;
  const uri = () => `test+unix:///default?socket=${host.socketPath}`;
  beforeAll(async () => {
    conn = await connect(uri());
    domain = await conn.domainLookupByName('test');
  });
  afterAll(() => conn.close());

  compareWithVirsh({ uri }, [
    ['capabilities', async () => (await conn.getCapabilities()).trim(), trimmed],
    ['sysinfo', async () => (await conn.getSysinfo()).trim(), trimmed],
    ['dumpxml test', async () => (await domain.getXMLDesc()).trim(), trimmed],
    ['domhostname test', () => domain.getHostname(), trimmed],
    ['memtune test', async () => Object.keys(await domain.getMemoryParameters()), (text) => Object.keys(fields(text))],
    ['blkiotune test', async () => texts(await domain.getBlkioParameters()), fields],
    ['numatune test', async () => (await domain.getNumaParameters())['numa_nodeset'], (text) => fields(text)['numa_nodeset']],
    [
      'domfsinfo test',
      async () =>
        (await domain.getFSInfo()).map(({ mountpoint, name, fstype, devAliases }) => [mountpoint, name, fstype, devAliases.join(', ')]),
      rows,
    ],
    [
      'domblkerror test',
      async () => (await domain.getDiskErrors()).map(({ disk }) => `${disk}: unspecified error`),
      (text) => text.trim().split('\n'),
    ],
    [
      'domifaddr test',
      async () =>
        (await domain.interfaceAddresses(0)).map(({ name, hwaddr, addrs }) => [
          name,
          hwaddr,
          'ipv4',
          `${addrs[0]!.addr}/${addrs[0]!.prefix}`,
        ]),
      rows,
    ],
    ['nodedev-dumpxml scsi_host1', async () => (await (await conn.nodeDeviceLookupByName('scsi_host1')).getXMLDesc()).trim(), trimmed],
    [
      'iface-list --all',
      async () => (await conn.listAllInterfaces()).map((one) => [one.name, one.mac]),
      (text) => rows(text).map(([name, , mac]) => [name, mac]),
    ],
    ['net-dumpxml default', async () => (await (await conn.networkLookupByName('default')).getXMLDesc()).trim(), trimmed],
    ['pool-dumpxml default-pool', async () => (await (await conn.storagePoolLookupByName('default-pool')).getXMLDesc()).trim(), trimmed],
  ]);
});
