import { expect, test } from 'vitest';
import type { Connection, ConnectionError, LibvirtError } from 'node-libvirt';
import {
  connect,
  DomainEventType,
  DomainMetadataType,
  DomainModificationImpact,
  DomainState,
  DomainXMLFlags,
  ErrorCode,
} from 'node-libvirt';

/** What the suite needs to know of the driver it runs on. */
export interface Driver {
  uri(): string;
  /** XML of a domain that can be defined and started, with a qcow2 disk if its path is given. */
  domainXml(name: string, diskPath?: string): string;
  /** XML of a pool that can be defined, built and started. */
  poolXml(name: string): string;
  /** XML of a network that can be defined. */
  networkXml(name: string): string;
  /** A file of the host that the state of a domain can be saved to. */
  savePath(name: string): string;
}

const namespace = 'https://example.org/nlv/1';

export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fulfilled',
    (error: unknown) => (error as ConnectionError | LibvirtError).code,
  );

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What every driver must do through this client. */
export function describeDriver(driver: Driver): void {
  const open = (): Promise<Connection> => connect(driver.uri());

  test('what does not exist is told by libvirt, with its own code', async () => {
    await using conn = await open();
    expect(await codeOf(conn.domainLookupByName('no-such'))).toBe(ErrorCode.NO_DOMAIN);
    expect(await codeOf(conn.domainLookupByUUID('00000000-0000-4000-8000-00000000dead'))).toBe(ErrorCode.NO_DOMAIN);
    expect(await codeOf(conn.storagePoolLookupByName('no-such'))).toBe(ErrorCode.NO_STORAGE_POOL);
    expect(await codeOf(conn.networkLookupByName('no-such'))).toBe(ErrorCode.NO_NETWORK);
    expect(await codeOf(conn.storageVolLookupByPath('/no/such'))).toBe(ErrorCode.NO_STORAGE_VOL);
    expect(await codeOf(conn.domainDefineXML('<domain'))).toBe(ErrorCode.XML_DETAIL);
  });

  test('a flag that does not exist and a domain that is in the wrong state are errors', async () => {
    await using conn = await open();
    const domain = await conn.domainDefineXML(driver.domainXml('wrong'));
    expect(await codeOf(domain.create(1 << 30))).toBe(ErrorCode.INVALID_ARG);
    // The number differs from driver to driver; that it is libvirt's does not.
    expect(await codeOf(domain.suspend())).toEqual(expect.any(Number));
    expect(await codeOf(domain.openConsole())).not.toBe('fulfilled');
    await domain.undefine();
    expect(await codeOf(domain.getInfo())).toBe(ErrorCode.NO_DOMAIN);
  });

  test('the host says who it is', async () => {
    await using conn = await open();
    expect(await conn.getLibVersion()).toBeGreaterThanOrEqual(6_000_000);
    expect(await conn.getVersion()).toBeGreaterThan(0);
    expect(await conn.getHostname()).not.toBe('');
    expect(await conn.getCapabilities()).toContain('<capabilities>');
    expect(await conn.getURI()).toMatch(/^(test|qemu):\/\/\//);
    const node = await conn.getNodeInfo();
    expect(node.memoryKib).toBeGreaterThan(1024);
    expect(node.cpus).toBeGreaterThan(0);
    expect(node.model).toMatch(/^[\w-]+$/);
  });

  test('a domain is defined, found, started, paused, stopped and forgotten', async () => {
    await using conn = await open();
    const domain = await conn.domainDefineXML(driver.domainXml('life ü'));
    expect(domain).toMatchObject({ name: 'life ü', id: -1 });
    expect((await conn.domainLookupByUUID(domain.uuid)).name).toBe('life ü');
    expect((await conn.listAllDomains()).map((one) => one.uuid)).toContain(domain.uuid);
    await domain.create();
    expect(await domain.isActive()).toBe(true);
    expect((await conn.domainLookupByName('life ü')).id).toBeGreaterThan(0);
    await domain.suspend();
    expect((await domain.getState()).state).toBe(DomainState.PAUSED);
    await domain.resume();
    const info = await domain.getInfo();
    expect(info).toMatchObject({ state: DomainState.RUNNING, nrVirtCpu: 1, maxMemKib: 32 * 1024 });
    expect(typeof info.cpuTimeNs).toBe('bigint');
    await domain.destroy();
    expect((await domain.getState()).state).toBe(DomainState.SHUTOFF);
    await domain.undefine();
    expect((await conn.listAllDomains()).map((one) => one.uuid)).not.toContain(domain.uuid);
  });

  test('a definition can be changed: name, metadata, processors, memory, start with the host', async () => {
    await using conn = await open();
    const domain = await conn.domainDefineXML(driver.domainXml('before'));
    await domain.rename('after');
    expect([domain.name, (await conn.domainLookupByName('after')).uuid]).toEqual(['after', domain.uuid]);
    const flags = DomainModificationImpact.AFFECT_CONFIG;
    const element = `<owner>a "b" &amp; 'c'</owner>`;
    await domain.setMetadata({ type: DomainMetadataType.ELEMENT, metadata: element, key: 'nlv', uri: namespace, flags });
    expect(await domain.getMetadata({ type: DomainMetadataType.ELEMENT, uri: namespace, flags })).toContain('&amp;');
    expect(await domain.getXMLDesc(DomainXMLFlags.INACTIVE)).toContain(`<nlv:owner xmlns:nlv="${namespace}">`);
    await domain.setMetadata({ type: DomainMetadataType.ELEMENT, metadata: null, key: 'nlv', uri: namespace, flags });
    expect(await codeOf(domain.getMetadata({ type: DomainMetadataType.ELEMENT, uri: namespace, flags }))).toBe(
      ErrorCode.NO_DOMAIN_METADATA,
    );
    await domain.setVcpus(1, flags);
    await domain.setMemory(24 * 1024, flags);
    expect(await domain.getXMLDesc(DomainXMLFlags.INACTIVE)).toContain("<currentMemory unit='KiB'>24576</currentMemory>");
    expect(await domain.getAutostart()).toBe(false);
    await domain.setAutostart(true);
    expect(await domain.getAutostart()).toBe(true);
    await domain.undefine();
  });

  test('the life of a domain is heard as it happens', async () => {
    await using conn = await open();
    await using events = conn.lifecycleEvents();
    await events.ready;
    const domain = await conn.domainDefineXML(driver.domainXml('heard'));
    await domain.create();
    await domain.destroy();
    await domain.undefine();
    const heard: number[] = [];
    for await (const one of events) {
      if (one.kind !== 'event' || one.domain.uuid !== domain.uuid) continue;
      heard.push(one.event);
      if (one.event === DomainEventType.UNDEFINED) break;
    }
    const optional: readonly number[] = [DomainEventType.RESUMED, DomainEventType.SHUTDOWN];
    expect(heard.filter((event) => !optional.includes(event))).toEqual([
      DomainEventType.DEFINED,
      DomainEventType.STARTED,
      DomainEventType.STOPPED,
      DomainEventType.UNDEFINED,
    ]);
  });

  test('the statistics of all domains come in one call, those of some when they are named', async () => {
    await using conn = await open();
    const domains = await Promise.all(['stat-a', 'stat-b'].map((name) => conn.domainDefineXML(driver.domainXml(name))));
    const all = await conn.getAllDomainStats();
    expect(all.map((record) => record.domain.name)).toEqual(expect.arrayContaining(['stat-a', 'stat-b']));
    expect(all.every((record) => typeof record.params['state.state'] === 'number')).toBe(true);
    expect((await conn.getAllDomainStats({ domains: domains.slice(1) })).map((record) => record.domain.uuid)).toEqual([domains[1]!.uuid]);
    for (const domain of domains) await domain.undefine();
  });

  test('a pool is defined, built, started and filled; its volumes are found by name, path and key', async () => {
    await using conn = await open();
    const pool = await conn.storagePoolDefineXML(driver.poolXml('contract'));
    await pool.build();
    await pool.create();
    await pool.refresh();
    expect(await pool.isActive()).toBe(true);
    const xml = (name: string) =>
      `<volume><name>${name}</name><capacity unit='MiB'>3</capacity><target><format type='raw'/></target></volume>`;
    const volume = await pool.storageVolCreateXML(xml('one.img'));
    expect((await volume.getInfo()).capacityBytes).toBe(3 * 1024 * 1024);
    const path = await volume.getPath();
    expect((await conn.storageVolLookupByPath(path)).name).toBe('one.img');
    expect((await conn.storageVolLookupByKey(volume.key)).name).toBe('one.img');
    expect(await codeOf(pool.storageVolCreateXML(xml('one.img')))).toEqual(expect.any(Number));
    const copy = await pool.storageVolCreateXMLFrom(xml('two.img'), volume);
    expect((await pool.listAllVolumes()).map((one) => one.name).toSorted()).toEqual(['one.img', 'two.img']);
    expect(await copy.getXMLDesc()).toContain('<name>two.img</name>');
    await copy.delete();
    await volume.delete();
    await pool.destroy();
    await pool.undefine();
    expect((await conn.listAllStoragePools()).map((one) => one.name)).not.toContain('contract');
  });

  test('a network is defined, found and forgotten', async () => {
    await using conn = await open();
    const network = await conn.networkDefineXML(driver.networkXml('contract'));
    expect(await network.isActive()).toBe(false);
    await network.setAutostart(true);
    expect(await network.getAutostart()).toBe(true);
    expect((await conn.networkLookupByName('contract')).uuid).toBe(network.uuid);
    expect(await network.getXMLDesc()).toContain('<name>contract</name>');
    await network.undefine();
    expect((await conn.listAllNetworks()).map((one) => one.name)).not.toContain('contract');
  });
}

/** Only for drivers that have real volumes. */
export function describeTransfers(driver: Pick<Driver, 'uri' | 'poolXml'>): void {
  test('the content of a volume goes up and comes down again', async () => {
    await using conn = await connect(driver.uri());
    const pool = await conn.storagePoolDefineXML(driver.poolXml('content'));
    await pool.build();
    await pool.create();
    const volume = await pool.storageVolCreateXML(`<volume><name>a.img</name><capacity unit='MiB'>3</capacity></volume>`);
    const content = Buffer.alloc(3 * 1024 * 1024, 'abcdefghijklmnopq');
    await volume.upload([content.subarray(0, 1_000_001), content.subarray(1_000_001)]);
    expect((await readAll(await volume.download())).equals(content)).toBe(true);
    expect((await readAll(await volume.download({ offsetBytes: 10, lengthBytes: 4 }))).toString()).toBe('klmn');
    expect(await readAll(await volume.download({ offsetBytes: 1 << 30 }))).toHaveLength(0);
    await volume.resize(4 * 1024 * 1024);
    expect((await volume.getInfo()).capacityBytes).toBe(4 * 1024 * 1024);
    await volume.wipe();
    expect((await readAll(await volume.download({ lengthBytes: 4 }))).equals(Buffer.alloc(4))).toBe(true);
    await volume.delete();
    await pool.destroy();
    await pool.undefine();
  });
}

/** Only for drivers that have no guests behind their domains. */
export function describeUnsupported(driver: Pick<Driver, 'uri' | 'domainXml'>): void {
  test('what the driver does not do is an error, not a hang', async () => {
    await using conn = await connect(driver.uri());
    const domain = await conn.domainDefineXML(driver.domainXml('unsupported'));
    await domain.create();
    expect(await codeOf(domain.openConsole())).toBe(ErrorCode.NO_SUPPORT);
    expect(await codeOf(domain.qemuAgentCommand('{"execute":"guest-ping"}'))).not.toBe('fulfilled');
    expect(await codeOf(domain.backupBegin('<x/>'))).toBe(ErrorCode.NO_SUPPORT);
    await domain.destroy();
    await domain.undefine();
  });
}
