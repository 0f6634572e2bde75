import { afterAll, beforeAll, describe } from 'vitest';
import { ErrorCode, LibvirtError, remoteProcedures as remote } from 'node-libvirt';
import { remoteEvents } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-remote.ts';
import { encodePacket, messageStatus, messageType } from '../../../../plugins/hypervisor/node-libvirt/src/wire/packet.ts';
import { describeDriver } from './kit/contract.ts';
import type { Fake } from './kit/memory-libvirt.ts';
import { serveMemory } from './kit/memory-libvirt.ts';
import { ProtocolServer } from './kit/protocol-server.ts';

/** The handlers of a fake host on a server that speaks the protocol. */
function fakeOn(server: ProtocolServer): Fake {
  const { program, number: procedure, message } = remoteEvents.domainEventCallbackLifecycle;
  const header = { program, procedure, type: messageType.message, serial: 0, status: messageStatus.ok };
  return {
    answer: (procedure, handler) =>
      server.on(procedure, (call) => {
        try {
          call.reply(procedure, handler(procedure.args.decode(call.body)));
        } catch (error) {
          if (!(error instanceof LibvirtError)) throw error;
          call.fail(error.code, error.message);
        }
      }),
    emitLifecycle: (msg) => server.broadcast(encodePacket(header, message, { callbackID: 1, msg })),
  };
}

describe('a fake host keeps the contract that real ones keep', () => {
  let server: ProtocolServer;
  beforeAll(async () => {
    server = await ProtocolServer.start();
    server.on(remote.connectDomainEventCallbackRegisterAny, (call) =>
      call.reply(remote.connectDomainEventCallbackRegisterAny, { callbackID: 1 }),
    );
    server.on(remote.connectDomainEventCallbackDeregisterAny, (call) =>
      call.reply(remote.connectDomainEventCallbackDeregisterAny, undefined),
    );
    server.otherwise = (call) => call.fail(ErrorCode.NO_SUPPORT, `The fake does not know procedure ${call.header.procedure}.`);
    serveMemory(fakeOn(server));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  describeDriver({
    uri: () => server.uri,
    domainXml: (name) => `<domain><name>${name}</name><memory unit='MiB'>32</memory></domain>`,
    poolXml: (name) => `<pool><name>${name}</name><target><path>/pools/${name}</path></target></pool>`,
    networkXml: (name) => `<network><name>${name}</name></network>`,
    savePath: (name) => `/saved/${name}`,
  });
});
