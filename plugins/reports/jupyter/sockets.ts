import { Publisher, Reply, Router } from 'zeromq';
import { createWire, type ConnectionFile, type Header, type Message } from './wire.ts';

export interface Sockets {
  /** Published in the order of the calls, whoever waits for what. */
  publish(type: string, parent: Header | null, content: object): Promise<void>;
  /** Calls the handlers until `close`; each channel in order, the two beside each other. */
  serve(handlers: { shell(message: Message, reply: ReplyTo): void; control(message: Message, reply: ReplyTo): void }): Promise<void>;
  close(): void;
}

export type ReplyTo = (type: string, content: object) => Promise<void>;

/** The five sockets of a kernel, bound to the ports of the connection file. */
export async function openSockets(connection: ConnectionFile): Promise<Sockets> {
  const wire = createWire(connection);
  const address = (port: number): string => `${connection.transport}://${connection.ip}:${port}`;
  const [shell, control, stdin, iopub, heartbeat] = [new Router(), new Router(), new Router(), new Publisher(), new Reply()];
  // What is still to be said when the kernel ends gets this long.
  for (const socket of [shell, control, iopub]) socket.linger = 1000;
  await Promise.all([
    shell.bind(address(connection.shell_port)),
    control.bind(address(connection.control_port)),
    stdin.bind(address(connection.stdin_port)),
    iopub.bind(address(connection.iopub_port)),
    heartbeat.bind(address(connection.hb_port)),
  ]);

  /** A socket takes one message at a time: the next waits for the one before. */
  const queueOf = (socket: Router | Publisher) => {
    let last: Promise<void> = Promise.resolve();
    return (frames: Buffer[]): Promise<void> => (last = last.then(() => socket.send(frames)));
  };
  const queues = { iopub: queueOf(iopub), shell: queueOf(shell), control: queueOf(control) };

  async function listen(channel: 'shell' | 'control', handle: (message: Message, reply: ReplyTo) => void): Promise<void> {
    for await (const frames of channel === 'shell' ? shell : control) {
      const message = wire.unpack(frames);
      if (message === null) continue;
      const { header: parent, identities } = message;
      handle(message, (type, content) => queues[channel](wire.pack({ type, parent, content, identities })));
    }
  }

  async function beat(): Promise<void> {
    for await (const message of heartbeat) await heartbeat.send(message);
  }

  return {
    publish: (type, parent, content) => queues.iopub(wire.pack({ type, parent, content, identities: [Buffer.from(type)] })),
    serve: async ({ shell, control }) => void (await Promise.all([listen('shell', shell), listen('control', control), beat()])),
    close: () => {
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
}
