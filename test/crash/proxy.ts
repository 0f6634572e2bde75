import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One call that passed, by libvirt's number of its procedure. */
export interface PassedCall {
  readonly procedure: number;
}

export interface Proxy extends AsyncDisposable {
  /** `forward`, or `lose-answer`: the call is carried out, its answer is dropped and the connection cut. */
  decide: (call: PassedCall) => 'forward' | 'lose-answer';
}

const REMOTE_PROGRAM = 0x2000_8086;
const TYPE_CALL = 0;
const TYPE_REPLY = 1;
const HEADER_BYTES = 28;

interface Packet {
  readonly bytes: Buffer;
  readonly program: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
}

/** Cuts a stream of bytes into libvirt's packets. */
function splitter(onPacket: (packet: Packet) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= HEADER_BYTES && rest.length >= rest.readUInt32BE(0)) {
      const packet = rest.subarray(0, rest.readUInt32BE(0));
      rest = rest.subarray(packet.length);
      const [program, procedure, type, serial] = [4, 12, 16, 20].map((at) => packet.readUInt32BE(at));
      onPacket({ bytes: packet, program: program ?? 0, procedure: procedure ?? 0, type: type ?? 0, serial: serial ?? 0 });
    }
  };
}

/** A unix socket that passes everything on to libvirtd, and can lose the answer of one call. */
export async function startProxy(path: string, target: string): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const proxy: Pick<Proxy, 'decide'> = { decide: () => 'forward' };
  const server = createServer((client) => {
    const daemon = connect(target);
    const cut = (): void => {
      client.destroy();
      daemon.destroy();
    };
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    const doomed = new Set<number>();
    const onCall = splitter((packet) => {
      if (packet.program === REMOTE_PROGRAM && packet.type === TYPE_CALL && proxy.decide({ procedure: packet.procedure }) === 'lose-answer')
        doomed.add(packet.serial);
      daemon.write(packet.bytes);
    });
    const onReply = splitter((packet) => {
      if (packet.type === TYPE_REPLY && doomed.has(packet.serial)) cut();
      else client.write(packet.bytes);
    });
    client.on('data', onCall);
    daemon.on('data', onReply);
  });
  server.listen(path);
  await once(server, 'listening');
  return Object.assign(proxy, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}
