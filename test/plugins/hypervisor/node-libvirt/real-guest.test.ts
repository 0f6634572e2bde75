import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, Domain, EventQueue, Gap, MessageEvent } from 'node-libvirt';
import {
  connect,
  DomainBlockCommitFlags,
  DomainBlockCopyFlags,
  DomainBlockJobAbortFlags,
  DomainBlockJobType,
  DomainDeviceModifyFlags,
  DomainJobType,
  DomainMemoryFlags,
  DomainMetadataType,
  DomainMigrateFlags,
  DomainModificationImpact,
  DomainSnapshotCreateFlags,
  DomainState,
  DomainStatsTypes,
  ErrorCode,
} from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { agentAnswers, startGuest } from './kit/guest.ts';
import { codeOf } from './kit/contract.ts';

const MiB = 1024 * 1024;

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The first message that fits. */
async function first<M>(events: EventQueue<MessageEvent<M>>, fits: (message: M) => boolean = () => true): Promise<M> {
  for await (const one of events as AsyncIterable<MessageEvent<M> | Gap>) if (one.kind === 'event' && fits(one.message)) return one.message;
  throw new Error('The events ended before the one that was waited for.');
}

describe('one guest of a real QEMU', () => {
  let host: LibvirtHost;
  let conn: Connection;
  let domain: Domain;
  beforeAll(async () => {
    host = await startLibvirtHost();
    conn = await connect(host.uri);
    domain = await startGuest(conn, host);
    await agentAnswers(domain);
  }, 120_000);
  afterAll(async () => {
    await conn.close();
    await host[Symbol.asyncDispose]();
  });

  test('the agent freezes, thaws and tells what it is asked', async () => {
    expect(await domain.fsFreeze()).toBeGreaterThanOrEqual(0);
    await domain.fsThaw();
    expect(await domain.getHostname()).not.toBe('');
    expect(Object.keys(await domain.getGuestInfo())).toContain('os.kernel-release');
    expect(Math.abs(Number((await domain.getTime()).seconds) - Date.now() / 1000)).toBeLessThan(3600);
    // This guest lacks the program with which the agent would do it.
    expect(await codeOf(domain.setTime({ seconds: 1_700_000_000n }))).toBe(ErrorCode.INTERNAL_ERROR);
    await domain.agentSetResponseTimeout(5);
    expect((await domain.interfaceAddresses(1)).map(({ name }) => name)).toContain('lo');
  });

  test('the screen, the memory and a dump come out', async () => {
    const shot = await domain.screenshot();
    const picture = await readAll(shot.stream);
    expect([shot.mime, picture.subarray(1, 4).toString()]).toEqual(['image/png', 'PNG']);
    expect(await domain.memoryPeek(0x100000n, 64, { flags: DomainMemoryFlags.MEMORY_PHYSICAL })).toHaveLength(64);
    await domain.coreDump(`${host.dir}/dump`);
    expect((await stat(`${host.dir}/dump`)).size).toBeGreaterThan(MiB);
    await domain.sendKey(0, [30]);
    await domain.injectNMI();
  });

  test('changes while it runs are heard as events', async () => {
    const flags = DomainModificationImpact.AFFECT_LIVE;
    await using tunable = conn.domainEvents('tunable');
    await using metadata = conn.domainEvents('metadataChange');
    await using balloon = conn.domainEvents('balloonChange');
    await using monitor = conn.qemuMonitorEvents();
    await Promise.all([tunable.ready, metadata.ready, balloon.ready, monitor.ready]);
    await domain.setBlockIoTune('vda', { total_bytes_sec: 64 * MiB });
    expect((await first(tunable)).params.map(({ field }) => field)).toContain('blkdeviotune.total_bytes_sec');
    await domain.setMetadata({ type: DomainMetadataType.TITLE, metadata: 'heard', flags });
    expect(await first(metadata)).toMatchObject({ type: DomainMetadataType.TITLE, dom: { name: 'guest' } });
    await domain.setMemory(90 * 1024, flags);
    expect(Number((await first(balloon)).msg.actual)).toBeLessThan(96 * 1024);
    expect(await first(monitor, ({ event }) => event === 'BALLOON_CHANGE')).toMatchObject({ dom: { name: 'guest' } });
    await domain.setMemory(96 * 1024, flags);
  });

  test('how fast it changes its memory is measured', async () => {
    await domain.startDirtyRateCalc(1);
    await expect
      .poll(async () => {
        const [record] = await conn.getAllDomainStats({ domains: [domain], stats: DomainStatsTypes.DIRTYRATE });
        return record!.params['dirtyrate.calc_status'];
      })
      .toBe(2);
  });

  test('a disk is plugged in and, by its alias, out again', async () => {
    await using added = conn.domainEvents('deviceAdded');
    await using removed = conn.domainEvents('deviceRemoved');
    await Promise.all([added.ready, removed.ready]);
    const file = `${host.dir}/plugged.img`;
    await conn.storagePoolCreateXML(`<pool type='dir'><name>shared</name><target><path>${host.dir}</path></target></pool>`);
    await (
      await conn.storagePoolLookupByTargetPath(host.dir)
    ).storageVolCreateXML(`<volume><name>plugged.img</name><capacity unit='MiB'>1</capacity></volume>`);
    const xml = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${file}'/><target dev='vdb' bus='virtio'/><alias name='ua-plugged'/></disk>`;
    await domain.attachDevice(xml, DomainDeviceModifyFlags.LIVE);
    expect((await first(added)).devAlias).toBe('ua-plugged');
    expect(await domain.blockPeek('vdb', { offsetBytes: 0, sizeBytes: 4 })).toEqual(new Uint8Array(4));
    await domain.detachDeviceAlias('ua-plugged', DomainDeviceModifyFlags.LIVE);
    expect((await first(removed)).msg.devAlias).toBe('ua-plugged');
  });

  test('it goes back to a snapshot with its memory', async () => {
    const snapshot = await domain.snapshotCreateXML('<domainsnapshot><name>before</name></domainsnapshot>');
    const child = await domain.snapshotCreateXML('<domainsnapshot><name>later</name></domainsnapshot>');
    expect((await child.getParent()).name).toBe('before');
    expect((await snapshot.listAllChildren()).map(({ name }) => name)).toEqual(['later']);
    expect(await codeOf(snapshot.getParent())).toBe(ErrorCode.NO_DOMAIN_SNAPSHOT);
    await snapshot.revertToSnapshot();
    expect([await snapshot.isCurrent(), await child.isCurrent()]).toEqual([true, false]);
    await child.delete();
    await snapshot.delete();
    expect(await domain.hasCurrentSnapshot()).toBe(false);
  });

  test('a backup is pulled from it, with a checkpoint for the next one', async () => {
    await using completed = conn.domainEvents('jobCompleted');
    await completed.ready;
    const disks = `<disks><disk name='vda' type='file' backup='yes'><scratch file='${host.dir}/scratch'/></disk></disks>`;
    const backup = await domain.backupBegin(
      `<domainbackup mode='pull'><server transport='unix' socket='${host.dir}/nbd.sock'/>${disks}</domainbackup>`,
      '<domaincheckpoint><name>first</name></domaincheckpoint>',
    );
    expect(await backup.getXMLDesc()).toContain(`socket='${host.dir}/nbd.sock'`);
    expect((await backup.getJobInfo()).type).toBe(DomainJobType.UNBOUNDED);
    await backup.abort();
    expect((await first(completed)).params.map(({ field }) => field)).toContain('operation');
    expect(await codeOf(backup.getXMLDesc())).toBe(ErrorCode.NO_DOMAIN_BACKUP);
    const checkpoint = await domain.checkpointLookupByName('first');
    const child = await domain.checkpointCreateXML('<domaincheckpoint><name>second</name></domaincheckpoint>');
    expect((await child.getParent()).name).toBe('first');
    expect((await checkpoint.listAllChildren()).map(({ name }) => name)).toEqual(['second']);
    await child.delete();
    await checkpoint.delete();
    expect(await domain.listAllCheckpoints()).toEqual([]);
  });

  test('a layer over its disk is merged down, copied away and pulled up again', async () => {
    await using jobs = conn.domainEvents('blockJob');
    await jobs.ready;
    const layer = (name: string) =>
      domain.snapshotCreateXML(
        `<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='${host.dir}/${name}'/></disk></disks></domainsnapshot>`,
        DomainSnapshotCreateFlags.DISK_ONLY | DomainSnapshotCreateFlags.NO_METADATA,
      );
    const ready = ({ status }: { status: number }) => status === 3;
    await layer('one');
    await domain.blockCommit('vda', {}, { flags: DomainBlockCommitFlags.ACTIVE });
    expect(await first(jobs, ready)).toMatchObject({ dst: 'vda', type: DomainBlockJobType.ACTIVE_COMMIT });
    const info = await domain.getBlockJobInfo('vda');
    expect(info).toMatchObject({ type: DomainBlockJobType.ACTIVE_COMMIT });
    expect(info!.cur).toBe(info!.end);
    await domain.blockJobSetSpeed('vda', 100);
    await domain.blockJobAbort('vda', DomainBlockJobAbortFlags.PIVOT);
    expect(await domain.getXMLDesc()).toContain(`<source file='${host.dir}/guest.qcow2'`);

    await using copied = conn.domainEvents('blockJob');
    await copied.ready;
    await domain.blockCopy('vda', `<disk type='file'><source file='${host.dir}/copy'/><driver type='qcow2'/></disk>`, {
      flags: DomainBlockCopyFlags.TRANSIENT_JOB,
      params: { bandwidth: 100 * MiB, granularity: 65536 },
    });
    await first(copied, ready);
    await domain.blockJobAbort('vda');
    expect(await domain.getBlockJobInfo('vda')).toBeNull();

    await layer('two');
    await using pulled = conn.domainEvents('blockJob');
    await pulled.ready;
    await domain.blockPull('vda', { bandwidth: 1000 });
    expect(await first(pulled, ({ status }) => status === 0)).toMatchObject({ type: DomainBlockJobType.PULL });
    await layer('three');
    await domain.blockRebase('vda', `${host.dir}/two`);
    await expect.poll(() => domain.getBlockJobInfo('vda')).toBeNull();
    await domain.blockResize('vda', 80 * 1024);
    expect((await domain.getBlockInfo('vda')).capacityBytes).toBe(80 * MiB);
  });

  test('its memory is saved to a file and to the place libvirt has for it, and it goes on from there', async () => {
    await domain.save(`${host.dir}/saved`);
    expect(await domain.isActive()).toBe(false);
    expect((await readFile(`${host.dir}/saved`)).subarray(0, 12).toString()).toBe('LibvirtQemud');
    expect(await conn.domainSaveImageGetXMLDesc(`${host.dir}/saved`)).toContain('<name>guest</name>');
    await conn.domainRestore(`${host.dir}/saved`);
    await domain.managedSave();
    expect(await domain.hasManagedSaveImage()).toBe(true);
    expect(await domain.managedSaveGetXMLDesc()).toContain('<name>guest</name>');
    await domain.create();
    expect((await domain.getState()).state).toBe(DomainState.RUNNING);
    await agentAnswers(domain);
  });

  test('it moves to another host while it runs, is switched to post-copy, and is heard leaving', async () => {
    await using other = await startLibvirtHost();
    await using there = await connect(other.uri);
    await using long = await connect(host.uri);
    await using iterations = conn.domainEvents('migrationIteration');
    await iterations.ready;
    const flags =
      DomainMigrateFlags.MIGRATE_LIVE |
      DomainMigrateFlags.MIGRATE_PEER2PEER |
      DomainMigrateFlags.MIGRATE_UNSAFE |
      DomainMigrateFlags.MIGRATE_POSTCOPY |
      DomainMigrateFlags.MIGRATE_PERSIST_DEST |
      DomainMigrateFlags.MIGRATE_UNDEFINE_SOURCE;
    expect(await codeOf(domain.migrateToURI3(other.uri, { flags: DomainMigrateFlags.MIGRATE_LIVE }))).toBe('bad_argument');
    expect(await codeOf(domain.migrateStartPostCopy())).toBe(ErrorCode.OPERATION_INVALID);
    const moving = long
      .domain(domain)
      .migrateToURI3(other.uri, { flags, params: { migrate_uri: `unix://${host.dir}/move.sock`, bandwidth: 4 } }, { timeoutMs: 50_000 });
    moving.catch(() => undefined);
    expect((await first(iterations)).iteration).toBe(1);
    expect((await domain.getJobInfo()).type).toBe(DomainJobType.UNBOUNDED);
    expect((await domain.getJobStats()).params['operation']).toBe(5);
    await domain.migrateStartPostCopy();
    await moving;
    const moved = await there.domainLookupByUUID(domain.uuid);
    expect([await moved.isActive(), await moved.isPersistent()]).toEqual([true, true]);
    expect(await codeOf(domain.getInfo())).toBe(ErrorCode.NO_DOMAIN);
    await moved.destroy();
  });
});
