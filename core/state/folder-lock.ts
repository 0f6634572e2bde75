import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Only one process at a time holds a folder. The lock is a socket with an abstract name: the kernel frees it with the process, however
 * that ends, so there is no stale lock file. Resolves to the release function, or undefined when another process holds it.
 */
export async function lockFolder(folder: string, purpose: string): Promise<(() => Promise<void>) | undefined> {
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  const held = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(`\0novacron-${purpose}-${digest}`, () => resolve(true));
  });
  if (!held) return undefined;
  server.unref();
  return () => new Promise((resolve) => void server.close(() => resolve()));
}
