import { expect, test } from 'vitest';
import type { Connection, EventQueue, Gap, MessageEvent } from 'node-libvirt';
import {
  connect,
  DomainModificationImpact,
  DomainState,
  DomainVcpuFlags,
  ErrorCode,
  NetworkEventLifecycleType,
  NetworkUpdateCommand,
  NetworkUpdateSection,
  StoragePoolEventLifecycleType,
} from 'node-libvirt';
import type { Driver } from './contract.ts';
import { codeOf } from './contract.ts';

/** What is heard up to the first message that fits, itself included. */
async function heard<M>(events: EventQueue<MessageEvent<M>>, last: (message: M) => boolean): Promise<M[]> {
  const messages: M[] = [];
  for await (const one of events as AsyncIterable<MessageEvent<M> | Gap>) {
    if (one.kind === 'gap') continue;
    messages.push(one.message);
    if (last(one.message)) break;
  }
  return messages;
}

/** What every driver must do with everything beside a domain's life. */
export function describeObjects(driver: Driver): void {
  const open = (): Promise<Connection> => connect(driver.uri());

  test('the host counts its CPUs, its memory and its models of CPU', async () => {
    await using conn = await open();
    const { cpus, online } = await conn.nodeGetCPUMap();
    expect(cpus).toBeGreaterThanOrEqual(online.length);
    expect(online).toContain(0);
    expect(await conn.nodeGetFreeMemory()).toBeGreaterThan(0n);
    expect((await conn.nodeGetCellsFreeMemory())[0]).toBeGreaterThan(0n);
    expect(await conn.getCPUModelNames('x86_64')).toContain('qemu64');
    expect(await conn.getMaxVcpus()).toBeGreaterThan(0);
    expect(await conn.isSecure()).toBe(true);
    expect((await conn.nodeGetSecurityModel()).model).toMatch(/^\w*$/);
  });

  test('devices and interfaces of the host are found by the names they are listed with', async () => {
    await using conn = await open();
    const [device] = await conn.listAllNodeDevices();
    const found = await conn.nodeDeviceLookupByName(device!.name);
    expect(await found.getXMLDesc()).toContain(`<name>${device!.name}</name>`);
    expect(await found.listCaps()).toEqual(expect.any(Array));
    const [one] = await conn.listAllInterfaces();
    expect((await conn.interfaceLookupByName(one!.name)).mac).toBe(one!.mac);
    expect((await conn.interfaceLookupByMACString(one!.mac)).name).toBe(one!.name);
    expect(typeof (await one!.isActive())).toBe('boolean');
    expect(await one!.getXMLDesc()).toContain('<interface');
    expect(await codeOf(conn.nodeDeviceLookupByName('no-such'))).toBe(ErrorCode.NO_NODE_DEVICE);
    expect(await codeOf(conn.interfaceLookupByName('no-such'))).toBe(ErrorCode.NO_INTERFACE);
  });

  test('virtual CPUs and their threads are counted, pinned and described', async () => {
    await using conn = await open();
    const domain = await conn.domainDefineXML(driver.domainXml('cpus'));
    const config = DomainModificationImpact.AFFECT_CONFIG;
    expect(await domain.getVcpusFlags(DomainVcpuFlags.MAXIMUM | DomainVcpuFlags.CONFIG)).toBe(1);
    await domain.pinEmulator([0], config);
    expect(await domain.getEmulatorPinInfo(config)).toEqual([0]);
    await domain.addIOThread(3, config);
    await domain.pinIOThread(3, [0], { flags: config });
    expect(await domain.getIOThreadInfo(config)).toEqual([{ id: 3, cpus: [0] }]);
    await domain.delIOThread(3, config);
    expect(await codeOf(domain.pinVcpu(0, [0, -1]))).toBe('bad_argument');
    await domain.create();
    await domain.pinVcpu(0, [0]);
    expect(await domain.getVcpuPinInfo()).toEqual([[0]]);
    expect(await domain.getVcpus()).toMatchObject([{ number: 0, cpus: [0], cpuTimeNs: expect.any(BigInt) }]);
    expect(await domain.getMaxVcpus()).toBe(1);
    expect(await domain.memoryStats()).toBeInstanceOf(Map);
    expect(await domain.getMaxMemory()).toBe(32 * 1024);
    expect((await domain.getControlInfo()).state).toBe(0);
    expect([await domain.isPersistent(), await domain.isUpdated(), await domain.getMessages()]).toEqual([true, false, expect.any(Array)]);
    expect(await domain.getSecurityLabelList()).toEqual(expect.any(Array));
    expect(await domain.getPerfEvents()).toMatchObject({ cpu_cycles: false });
    await domain.setPerfEvents({ cpu_cycles: true }, config);
    expect(await domain.getPerfEvents(config)).toMatchObject({ cpu_cycles: true });
    await domain.destroy();
    await domain.undefine();
  });

  test('a domain is saved to a file, and to the place libvirt has for it, and goes on from both', async () => {
    await using conn = await open();
    const path = driver.savePath('saved');
    const domain = await conn.domainDefineXML(driver.domainXml('saved'));
    await domain.create();
    await domain.save(path);
    expect(await domain.isActive()).toBe(false);
    expect(await conn.domainSaveImageGetXMLDesc(path)).toContain('<name>saved</name>');
    await conn.domainRestore(path);
    expect((await domain.getState()).state).toBe(DomainState.RUNNING);
    await domain.managedSave();
    expect([await domain.isActive(), await domain.hasManagedSaveImage()]).toEqual([false, true]);
    await domain.create();
    expect([await domain.isActive(), await domain.hasManagedSaveImage()]).toEqual([true, false]);
    await domain.managedSave();
    await domain.managedSaveRemove();
    expect(await domain.hasManagedSaveImage()).toBe(false);
    await domain.undefine();
  });

  test('snapshots are made, found, told apart and deleted', async () => {
    await using conn = await open();
    const pool = await conn.storagePoolDefineXML(driver.poolXml('disks'));
    await pool.build();
    await pool.create();
    const disk = await pool.storageVolCreateXML(
      `<volume><name>disk</name><capacity>1048576</capacity><target><format type='qcow2'/></target></volume>`,
    );
    const domain = await conn.domainDefineXML(driver.domainXml('snapped', await disk.getPath()));
    expect(await domain.hasCurrentSnapshot()).toBe(false);
    const first = await domain.snapshotCreateXML('<domainsnapshot><name>first</name></domainsnapshot>');
    const second = await domain.snapshotCreateXML('<domainsnapshot><name>second</name></domainsnapshot>');
    expect((await domain.snapshotCurrent()).name).toBe('second');
    expect([await first.isCurrent(), await second.isCurrent(), await first.hasMetadata()]).toEqual([false, true, true]);
    expect((await second.getParent()).name).toBe('first');
    expect((await first.listAllChildren()).map(({ name }) => name)).toEqual(['second']);
    expect(await first.getXMLDesc()).toContain('<name>first</name>');
    await first.revertToSnapshot();
    expect(await first.isCurrent()).toBe(true);
    await second.delete();
    await (await domain.snapshotLookupByName('first')).delete();
    expect(await domain.listAllSnapshots()).toEqual([]);
    expect(await codeOf(domain.snapshotLookupByName('first'))).toBe(ErrorCode.NO_DOMAIN_SNAPSHOT);
    expect(await codeOf(domain.checkpointLookupByName('none'))).toBe(ErrorCode.NO_DOMAIN_CHECKPOINT);
    await domain.undefine();
    await disk.delete();
    await pool.destroy();
    await pool.undefine();
  });

  test('a pool is found by what it holds, and is heard', async () => {
    await using conn = await open();
    await using events = conn.storagePoolEvents('lifecycle');
    await events.ready;
    const pool = await conn.storagePoolDefineXML(driver.poolXml('found'));
    await pool.build();
    await pool.create();
    const volume = await pool.storageVolCreateXML(`<volume><name>one</name><capacity>1048576</capacity></volume>`);
    expect((await conn.storagePoolLookupByVolume(volume)).uuid).toBe(pool.uuid);
    expect(await pool.isPersistent()).toBe(true);
    await volume.delete();
    await pool.destroy();
    await pool.undefine();
    const { DEFINED, CREATED, STARTED, STOPPED, UNDEFINED } = StoragePoolEventLifecycleType;
    const mine = await heard(events, (message) => message.event === UNDEFINED);
    expect(mine.filter((one) => one.pool.uuid === pool.uuid && one.event !== CREATED).map((one) => one.event)).toEqual([
      DEFINED,
      STARTED,
      STOPPED,
      UNDEFINED,
    ]);
  });

  test('a network is changed in one part, and is heard', async () => {
    await using conn = await open();
    await using events = conn.networkEvents('lifecycle');
    await events.ready;
    const network = await conn.networkDefineXML(driver.networkXml('changed'));
    await network.update({
      command: NetworkUpdateCommand.ADD_LAST,
      section: NetworkUpdateSection.SECTION_DNS_TXT,
      xml: `<txt name='who' value='me'/>`,
      flags: 2,
    });
    expect(await network.getXMLDesc()).toContain(`<txt name='who' value='me'/>`);
    expect(await network.isPersistent()).toBe(true);
    await network.undefine();
    const mine = await heard(events, (message) => message.event === NetworkEventLifecycleType.UNDEFINED);
    expect(mine.map((one) => [one.net.name, one.event])).toEqual([
      ['changed', NetworkEventLifecycleType.DEFINED],
      ['changed', NetworkEventLifecycleType.UNDEFINED],
    ]);
  });
}
