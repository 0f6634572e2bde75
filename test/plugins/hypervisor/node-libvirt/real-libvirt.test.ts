import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, DomainEventType, ErrorCode, LibvirtError, lxcProcedures, qemuProcedures, remoteProcedures as remote } from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { libvirtHostMissing, startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { tinyImage } from '../../../kit/tiny-image.ts';
import { valueOf } from './kit/arbitrary.ts';
import { describeGuarded } from './kit/contract-guarded.ts';
import { describeObjects } from './kit/contract-objects.ts';
import type { Driver } from './kit/contract.ts';
import { codeOf, describeDriver, describeTransfers, describeUnsupported } from './kit/contract.ts';

const diskXml = (path: string) =>
  `<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/><target dev='vda' bus='virtio'/></disk></devices>`;

const missing = libvirtHostMissing();
if (missing) console.warn(`The tests against a real libvirt are skipped: ${missing}.`);

describe.skipIf(missing)('a real libvirt', () => {
  let host: LibvirtHost;
  beforeAll(async () => {
    host = await startLibvirtHost();
  }, 60_000);
  afterAll(() => host[Symbol.asyncDispose]());
  const testUri = () => `test+unix:///default?socket=${host.socketPath}`;

  describe('test:///default', () => {
    const driver: Driver = {
      uri: testUri,
      domainXml: (name, diskPath) =>
        `<domain type='test'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='i686'>hvm</type></os>${diskPath ? diskXml(diskPath) : ''}</domain>`,
      poolXml: (name) => `<pool type='dir'><name>${name}</name><target><path>/${name}</path></target></pool>`,
      networkXml: (name) => `<network><name>${name}</name><ip address='10.9.8.1' netmask='255.255.255.0'/></network>`,
      savePath: (name) => `${host.dir}/${name}.test`,
    };
    describeDriver(driver);
    describeObjects(driver);
    describeUnsupported(driver);

    test('ten thousand calls at once all come back', async () => {
      await using conn = await connect(testUri());
      const domain = await conn.domainLookupByName('test');
      const infos = await Promise.all(Array.from({ length: 10_000 }, () => domain.getInfo()));
      expect(infos.every((info) => info.nrVirtCpu === 2)).toBe(true);
    });

    test('the arguments of every procedure are read by a real libvirt, which answers each', { timeout: 60_000 }, async () => {
      // These would close the connection, or open a stream that nobody reads, or need a file descriptor.
      const left = /^connectClose$|^auth|Tunnel|WithFiles|GraphicsFd|OpenGraphics|FdAssociate|OpenNamespace/;
      const procedures = Object.entries({ ...lxcProcedures, ...qemuProcedures, ...remote }).filter(
        ([name, procedure]) => !left.test(name) && !('stream' in procedure),
      );
      await using conn = await connect(testUri());
      const unread: string[] = [];
      for (const [name, procedure] of procedures) {
        const [args] = fc.sample(valueOf(procedure.args), { numRuns: 1, seed: 3 });
        await conn.call<unknown, unknown>(procedure, args).catch((error: unknown) => {
          const refused = error instanceof LibvirtError && !/unable to decode|unknown procedure/i.test(error.message);
          if (!refused) unread.push(`${name}: ${(error as Error).message}`);
        });
      }
      expect(unread).toEqual([]);
      expect(procedures.length).toBeGreaterThan(370);
    });

    test('a procedure libvirt has not heard of is an error, and the connection lives', async () => {
      await using conn = await connect(testUri());
      expect(await codeOf(conn.call({ ...remote.connectGetHostname, number: 9999 }, undefined))).toBe(ErrorCode.RPC);
      expect(await conn.getHostname()).not.toBe('');
    });
  });

  describe('qemu:///system', () => {
    const emulated = (name: string, more = '') =>
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>${more}</domain>`;

    const driver: Driver = {
      uri: () => host.uri,
      domainXml: (name, diskPath) => emulated(name, diskPath && diskXml(diskPath)),
      poolXml: (name) => `<pool type='dir'><name>${name}</name><target><path>${host.dir}/${name}</path></target></pool>`,
      networkXml: (name) => `<network><name>${name}</name><bridge name='nlv0'/><ip address='10.9.8.1' netmask='255.255.255.0'/></network>`,
      savePath: (name) => `${host.dir}/${name}.qemu`,
    };
    describeDriver(driver);
    describeObjects(driver);
    describeGuarded(driver);
    describeTransfers(driver);

    test('the host is measured', async () => {
      await using conn = await connect(host.uri);
      const [cpu, memory] = [await conn.getNodeCPUStats(), await conn.getNodeMemoryStats()];
      expect(cpu['user']).toBeGreaterThan(0n);
      expect(memory['total']).toBeGreaterThan(0n);
      expect(await conn.getDomainCapabilities({ virttype: 'qemu' })).toContain('<domainCapabilities>');
    });

    test('a guest answers on its console, and what it uses is in the statistics', { timeout: 120_000 }, async () => {
      const { kernelPath, initrdPath, commandLine } = await tinyImage();
      await using conn = await connect(host.uri);
      const xml = `<domain type='qemu'><name>tiny</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
        <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernelPath}</kernel><initrd>${initrdPath}</initrd><cmdline>${commandLine}</cmdline></os>
        <features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
        <devices><serial type='pty'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
      const domain = await conn.domainCreateXML(xml);
      const stream = await domain.openConsole(null, 0, { timeoutMs: 30_000 });
      let seen = '';
      let typed = false;
      for await (const bytes of stream) {
        seen += Buffer.from(bytes).toString('latin1');
        if (!typed && seen.includes('READY')) {
          typed = true;
          await stream.write('nonsense-42\n');
        }
        if (seen.includes('no command nonsense-42')) break;
      }
      const [record] = await conn.getAllDomainStats({ domains: [domain] });
      expect(record!.params['cpu.time']).toBeGreaterThan(0n);
      await domain.destroy();
    });

    test(
      'after libvirtd was killed and came back the same connection works, and events say that some are missing',
      { timeout: 60_000 },
      async () => {
        await using conn = await connect(host.uri, { reconnect: true, reconnectDelayMsMax: 200, reconnectWaitMs: 30_000 });
        const domain = await conn.domainDefineXML(emulated('survivor'));
        await domain.create();
        await using events = conn.lifecycleEvents();
        await events.ready;
        const lost = new Promise<string>((resolve) => conn.onStateChange((state) => resolve(state)));
        await host.kill();
        expect(await lost).toBe('reconnecting');
        await host.restart();
        expect(await domain.isActive()).toBe(true);
        // While libvirtd still finds its guests again, a destroy may stop the guest and yet say that it was not running.
        expect(['fulfilled', ErrorCode.OPERATION_INVALID]).toContain(await codeOf(domain.destroy()));
        expect(await domain.isActive()).toBe(false);
        await domain.undefine();
        const kinds: string[] = [];
        for await (const one of events) {
          kinds.push(one.kind === 'gap' ? one.reason : `event ${one.event}`);
          if (one.kind === 'event' && one.event === DomainEventType.UNDEFINED) break;
        }
        expect([kinds[0], kinds.at(-1)]).toEqual(['reconnected', `event ${DomainEventType.UNDEFINED}`]);
      },
    );

    test('a libvirtd that hangs is noticed by its silence', { timeout: 60_000 }, async () => {
      await using conn = await connect(host.uri, { keepaliveIntervalMs: 50 });
      const closed = new Promise<string>((resolve) => conn.onClose((reason) => resolve(reason.code)));
      await host.freeze();
      try {
        expect(await closed).toBe('connection_lost');
        expect(await codeOf(connect(host.uri, { timeoutMs: 200 }))).toBe('timeout');
      } finally {
        await host.thaw();
      }
    });
  });
});
