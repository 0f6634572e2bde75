import { describe, expect, test } from 'vitest';
import type { Connection } from 'node-libvirt';
import {
  connect,
  ConnectListAllDomainsFlags,
  DomainCreateFlags,
  DomainMetadataType,
  DomainState,
  ErrorCode,
  remoteProcedures as remote,
  StorageVolDownloadFlags,
  StorageVolResizeFlags,
  StorageVolUploadFlags,
} from 'node-libvirt';
import { serveMemory } from 'node-libvirt/testing';
import { startFake } from './kit/connected-fake.ts';
import { codeOf } from './kit/contract.ts';

/** A host in memory and a connection to it. */
async function start() {
  const it = await startFake();
  serveMemory(it.fake);
  return it;
}

const domainXml = (name: string, inside = '') => `<domain type='test'><name>${name}</name><memory unit='MiB'>64</memory>${inside}</domain>`;

describe('domains', () => {
  test('a domain that was only started is gone when it stops', async () => {
    await using it = await start();
    const domain = await it.conn.domainCreateXML(domainXml('short'), DomainCreateFlags.START_PAUSED);
    expect((await domain.getState()).state).toBe(DomainState.PAUSED);
    expect(await domain.isPersistent()).toBe(false);
    await domain.shutdown();
    expect(await codeOf(domain.getInfo())).toBe(ErrorCode.NO_DOMAIN);
  });

  test('a definition that is forgotten leaves what runs, until it stops', async () => {
    await using it = await start();
    const domain = await it.conn.domainDefineXML(domainXml('kept'));
    await domain.create();
    await domain.undefine();
    expect(await domain.isActive()).toBe(true);
    await domain.destroy();
    expect(await it.conn.listAllDomains()).toEqual([]);
  });

  test('a new definition of the same UUID changes the domain; another UUID with its name is refused', async () => {
    await using it = await start();
    const domain = await it.conn.domainDefineXML(domainXml('one', '<vcpu>2</vcpu>'));
    const xml = await domain.getXMLDesc();
    await it.conn.domainDefineXML(xml.replace(`<vcpu current='2'>2</vcpu>`, '<vcpu>8</vcpu>'));
    expect(await domain.getMaxVcpus()).toBe(8);
    const other = xml.replace(domain.uuid, '00000000-0000-4000-8000-000000000001');
    expect(await codeOf(it.conn.domainDefineXML(other))).toBe(ErrorCode.OPERATION_FAILED);
    const second = await it.conn.domainDefineXML(domainXml('two'));
    expect(await codeOf(second.rename('one'))).toBe(ErrorCode.OPERATION_FAILED);
  });

  test('what stands in the XML comes back: devices as they were, and metadata as if it had been set', async () => {
    await using it = await start();
    const metadata = `<metadata><o:owner xmlns:o='https://example.org/o' id='7'><o:team>a</o:team></o:owner></metadata>`;
    const disk = `<devices><disk type='file'><source file='/a.img'/></disk></devices>`;
    const domain = await it.conn.domainDefineXML(domainXml('rich', metadata + disk));
    expect(await domain.getMetadata({ type: DomainMetadataType.ELEMENT, uri: 'https://example.org/o' })).toBe(
      `<owner id='7'><o:team>a</o:team></owner>`,
    );
    const xml = await domain.getXMLDesc();
    expect(xml).toContain(disk);
    expect(xml).toContain(`<o:owner xmlns:o="https://example.org/o" id='7'><o:team>a</o:team></o:owner>`);
    expect((await it.conn.domainDefineXML(xml)).uuid).toBe(domain.uuid);
    expect(await domain.getXMLDesc()).toBe(xml);
  });

  test('those that run and those that do not are listed apart', async () => {
    await using it = await start();
    const [on] = await Promise.all(['on', 'off'].map((name) => it.conn.domainDefineXML(domainXml(name))));
    await on!.create();
    const names = async (flags: number) => (await it.conn.listAllDomains(flags)).map(({ name }) => name);
    expect(await names(ConnectListAllDomainsFlags.DOMAINS_ACTIVE)).toEqual(['on']);
    expect(await names(ConnectListAllDomainsFlags.DOMAINS_INACTIVE)).toEqual(['off']);
    expect(await names(ConnectListAllDomainsFlags.DOMAINS_TRANSIENT)).toEqual([]);
    const { DOMAINS_RUNNING, DOMAINS_PAUSED, DOMAINS_SHUTOFF, DOMAINS_AUTOSTART } = ConnectListAllDomainsFlags;
    expect(await names(DOMAINS_RUNNING | DOMAINS_SHUTOFF)).toEqual(['on', 'off']);
    expect(await names(DOMAINS_PAUSED)).toEqual([]);
    await on!.setAutostart(true);
    expect(await names(DOMAINS_AUTOSTART | DOMAINS_SHUTOFF)).toEqual([]);
    expect((await it.conn.getAllDomainStats({ flags: DOMAINS_RUNNING })).map(({ domain }) => domain.name)).toEqual(['on']);
    expect(await codeOf(it.conn.listAllDomains(ConnectListAllDomainsFlags.DOMAINS_HAS_SNAPSHOT))).toBe(ErrorCode.INVALID_ARG);
  });

  test.each([
    ['a unit that does not exist', domainXml('x').replace('MiB', 'MB2'), ErrorCode.XML_ERROR],
    ['no memory', '<domain><name>x</name></domain>', ErrorCode.XML_DETAIL],
  ])('XML with %s is refused', async (_, xml, code) => {
    await using it = await start();
    expect(await codeOf(it.conn.domainDefineXML(xml))).toBe(code);
  });

  test('checkpoints of a domain that runs are made, found and deleted', async () => {
    await using it = await start();
    const domain = await it.conn.domainDefineXML(domainXml('checked'));
    const create = (name: string) => domain.checkpointCreateXML(`<domaincheckpoint><name>${name}</name></domaincheckpoint>`);
    expect(await codeOf(create('early'))).toBe(ErrorCode.OPERATION_INVALID);
    await domain.create();
    const [first, second] = [await create('first'), await create('second')];
    expect((await second.getParent()).name).toBe('first');
    expect(await codeOf(first.getParent())).toBe(ErrorCode.NO_DOMAIN_CHECKPOINT);
    expect(await second.getXMLDesc()).toContain('<parent><name>first</name></parent>');
    await first.delete();
    expect((await domain.listAllCheckpoints()).map(({ name }) => name)).toEqual(['second']);
    expect(await codeOf(second.getParent())).toBe(ErrorCode.NO_DOMAIN_CHECKPOINT);
  });

  test('a snapshot of a domain that ran starts it again', async () => {
    await using it = await start();
    const domain = await it.conn.domainDefineXML(domainXml('snapped'));
    await domain.create();
    const snapshot = await domain.snapshotCreateXML('<domainsnapshot/>');
    await domain.destroy();
    await snapshot.revertToSnapshot();
    expect((await domain.getState()).state).toBe(DomainState.RUNNING);
    expect(await codeOf(snapshot.delete(1))).toBe(ErrorCode.INVALID_ARG);
  });
});

describe('volumes', () => {
  const mib = 1024 * 1024;
  async function volume(conn: Connection, capacity: string) {
    const pool = await conn.storagePoolDefineXML('<pool><name>p</name></pool>');
    await pool.create();
    return pool.storageVolCreateXML(`<volume><name>v</name>${capacity}</volume>`);
  }

  test('a terabyte of nothing goes through as a hole, and what was written comes back', async () => {
    await using it = await start();
    const big = await volume(it.conn, `<capacity unit='T'>1</capacity>`);
    await big.upload([Buffer.from('begin'), { holeBytes: 2 ** 39 }], { flags: StorageVolUploadFlags.SPARSE_STREAM });
    const sections: unknown[] = [];
    for await (const one of (await big.download({ flags: StorageVolDownloadFlags.SPARSE_STREAM })).sections())
      sections.push(one instanceof Uint8Array ? Buffer.from(one).toString() : one);
    expect(sections).toEqual(['begin', { holeBytes: 2 ** 40 - 5 }]);
    expect(await big.getInfo()).toMatchObject({ capacityBytes: 2 ** 40, allocationBytes: 5 });
  });

  test('no more goes in than there is room for, and less room is made only when asked for', async () => {
    await using it = await start();
    const small = await volume(it.conn, `<capacity unit='MiB'>1</capacity>`);
    expect(await codeOf(small.upload([new Uint8Array(mib + 1)]))).toBe(ErrorCode.OPERATION_FAILED);
    expect(await codeOf(small.resize(4))).toBe(ErrorCode.INVALID_ARG);
    await small.upload([Buffer.from('12345678')]);
    await small.resize(4, StorageVolResizeFlags.SHRINK);
    const chunks: Uint8Array[] = [];
    for await (const chunk of await small.download()) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('1234');
  });

  test('a pool that is not active shows no volumes', async () => {
    await using it = await start();
    const one = await volume(it.conn, '<capacity>1000</capacity>');
    const pool = await it.conn.storagePoolLookupByVolume(one);
    await pool.destroy();
    expect(await codeOf(pool.listAllVolumes())).toBe(ErrorCode.OPERATION_INVALID);
    expect(await codeOf(one.getInfo())).toBe(ErrorCode.NO_STORAGE_VOL);
    await pool.create();
    expect((await one.getInfo()).capacityBytes).toBe(1000);
  });
});

test('the host outlives connections, and faults and answers of a test work on top of it', async () => {
  await using it = await start();
  await it.conn.domainDefineXML(domainXml('lives'));
  it.fake.fail(remote.domainLookupByName, { kind: 'cut', when: 'after' });
  expect(await codeOf(it.conn.domainLookupByName('lives'))).toBe('connection_lost');
  await using again = await connect(it.fake.uri);
  it.fake.answer(remote.connectGetHostname, () => ({ hostname: 'mine' }));
  expect([await again.getHostname(), (await again.domainLookupByName('lives')).name]).toEqual(['mine', 'lives']);
});

test('a network in memory is changed where it can be, and says so where it cannot', async () => {
  await using it = await start();
  const network = await it.conn.networkCreateXML(`<network><name>n</name><bridge name='br7'/></network>`);
  expect([await network.isActive(), await network.isPersistent(), await network.getBridgeName()]).toEqual([true, false, 'br7']);
  expect(await codeOf(network.update({ command: 2, section: 11, xml: '<txt/>' }))).toBe(ErrorCode.NO_SUPPORT);
  await network.destroy();
  expect(await codeOf(network.isActive())).toBe(ErrorCode.NO_NETWORK);
});
