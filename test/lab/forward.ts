import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { inNetworkOf } from './namespaces.ts';

/** A port of this process's own loopback that leads into the lab. */
export interface Forward extends AsyncDisposable {
  readonly port: number;
}

/** Opens a port on 127.0.0.1 whose connections come out in the network of process `pid` and go to `address` from there. */
export async function forward(pid: number, address: string, port: number): Promise<Forward> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const [program, ...args] = inNetworkOf(pid);
    const carrier = spawn(program, [...args, 'busybox', 'nc', address, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
    // Either side may go at any moment, and then the other is told by the end of its connection.
    carrier.stdin.on('error', () => socket.destroy());
    carrier.on('exit', () => socket.end());
    socket.on('error', () => carrier.kill());
    socket.on('close', () => {
      carrier.kill();
      sockets.delete(socket);
    });
    socket.pipe(carrier.stdin);
    carrier.stdout.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
