import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';

const PORT = 7777;
const SERVER = `const server = require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  let bytes = 0;
  socket.on('data', (part) => (bytes += part.length)).on('end', () => (socket.end(String(bytes)), server.close()));
}).listen(${PORT});`;
/** Counts the time from the first byte to the other side's word that it has them all. */
const CLIENT = `const [, host, bytes] = process.argv;
const socket = require('node:net').connect({ port: ${PORT}, host, allowHalfOpen: true }, () => {
  const startedAt = performance.now();
  const part = Buffer.alloc(65536, 'x');
  let left = Number(bytes);
  const fill = () => {
    while (left > 0) { left -= part.length; if (!socket.write(part)) return socket.once('drain', fill); }
    socket.end();
  };
  fill();
  socket.on('data', (count) => console.log(JSON.stringify({ bytes: Number(count), ms: performance.now() - startedAt })));
});`;

/** Sends so much over one TCP connection from one machine of a lab to another; returns what went through. */
export async function throughput(from: Machine, to: Machine, bytes: number): Promise<{ mbitPerSecond: number; ms: number }> {
  const server = to.run([process.execPath, '-e', SERVER]);
  server.catch(() => undefined);
  await listening(to);
  const { stdout } = await from.run([process.execPath, '-e', CLIENT, to.address, String(bytes)]);
  await server;
  const sent = JSON.parse(stdout) as { bytes: number; ms: number };
  return { mbitPerSecond: (sent.bytes * 8) / 1000 / sent.ms, ms: sent.ms };
}

/** State 0A is that of a listener: connections of an earlier measurement stand there for a while, too. */
const LISTENER = new RegExp(`:${PORT.toString(16).toUpperCase()} [0-9A-F]+:0000 0A `);

async function listening(machine: Machine): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
    if (LISTENER.test(await machine.shell('cat /proc/net/tcp /proc/net/tcp6'))) return;
    await sleep(20);
  }
  throw new Error(`Nothing listens on port ${PORT} of ${machine.name}.`);
}
