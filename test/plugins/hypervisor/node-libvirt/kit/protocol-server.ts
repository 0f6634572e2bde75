import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Procedure } from '../../../../../plugins/hypervisor/node-libvirt/src/caller.ts';
import { remoteProcedures as remote } from '../../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-remote.ts';
import { error } from '../../../../../plugins/hypervisor/node-libvirt/src/generated/types-common.ts';
import type { Header } from '../../../../../plugins/hypervisor/node-libvirt/src/wire/packet.ts';
import { decodeHeader, encodePacket, messageStatus, messageType } from '../../../../../plugins/hypervisor/node-libvirt/src/wire/packet.ts';
import { PacketSplitter } from '../../../../../plugins/hypervisor/node-libvirt/src/wire/splitter.ts';
import type { Codec } from '../../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import type { XdrReader } from '../../../../../plugins/hypervisor/node-libvirt/src/xdr/reader.ts';

/** One call as the server sees it. */
export interface Incoming {
  header: Header;
  body: XdrReader;
  socket: Socket;
  /** Answers with a value of the procedure's type. */
  reply<A, R>(procedure: Procedure<A, R>, value: R): void;
  /** Answers with libvirt's error body. */
  fail(code: number, message: string | null): void;
  /** A packet of any kind; what is not given is that of a good answer to this call. */
  packet<T>(header: Partial<Header>, codec: Codec<T>, value: T): Buffer;
}

export type Handler = (call: Incoming) => void;

/** A server that speaks libvirt's protocol on a unix socket and misbehaves as it is told. */
export class ProtocolServer implements AsyncDisposable {
  private readonly server: Server;
  private readonly dir: string;
  private readonly handlers = new Map<string, Handler>();
  readonly sockets = new Set<Socket>();
  /** What happens to calls that have no handler. Default: nothing at all. */
  otherwise: Handler | undefined;
  /** Every packet that is not part of the opening, in order. */
  readonly received: Header[] = [];
  readonly socketPath: string;

  private constructor(server: Server, dir: string) {
    this.server = server;
    this.dir = dir;
    this.socketPath = join(dir, 'sock');
    server.on('connection', (socket) => this.accept(socket));
    this.on(remote.authList, (call) => call.reply(remote.authList, { types: [0] }));
    this.on(remote.connectOpen, (call) => call.reply(remote.connectOpen, undefined));
    this.on(remote.connectClose, (call) => call.reply(remote.connectClose, undefined));
    this.on(remote.connectSupportsFeature, (call) => call.reply(remote.connectSupportsFeature, { supported: 1 }));
  }

  static async start(): Promise<ProtocolServer> {
    const dir = await mkdtemp(join(tmpdir(), 'nlv-'));
    const server = new ProtocolServer(createServer(), dir);
    await server.listen();
    return server;
  }

  get uri(): string {
    return `test+unix:///default?socket=${this.socketPath}`;
  }

  async listen(): Promise<void> {
    this.server.listen(this.socketPath);
    await once(this.server, 'listening');
  }

  /** Drops everybody and takes nobody, until `listen()`. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  /** Drops the connections of now. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  on(procedure: { program: number; number: number }, handler: Handler): void {
    this.handlers.set(`${procedure.program} ${procedure.number}`, handler);
  }

  /** Sends the same bytes to all clients. */
  broadcast(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // Clients hang up in the middle of things here.
    socket.on('error', () => undefined);
    const splitter = new PacketSplitter((packet) => this.handle(socket, packet));
    socket.on('data', (bytes) => splitter.push(bytes));
  }

  private handle(socket: Socket, body: XdrReader): void {
    const header = decodeHeader(body);
    const { program, procedure } = header;
    if (!opening.has(procedure)) this.received.push(header);
    const packet: Incoming['packet'] = (changed, codec, value) =>
      encodePacket({ ...header, type: messageType.reply, status: messageStatus.ok, ...changed }, codec, value);
    const handler = this.handlers.get(`${program} ${procedure}`) ?? this.otherwise;
    handler?.({
      header,
      body,
      socket,
      packet,
      reply: (answer, value) => socket.write(packet({}, answer.ret, value)),
      fail: (code, message) => {
        const rest = { domain: 10, level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null };
        socket.write(packet({ status: messageStatus.error }, error, { code, message, ...rest }));
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.server.listening) await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

const opening: ReadonlySet<number> = new Set([
  remote.authList.number,
  remote.connectOpen.number,
  remote.connectClose.number,
  remote.connectSupportsFeature.number,
]);
