import type { ConnectOptions } from 'node-libvirt';
import { connect, ConnectionError } from 'node-libvirt';

/** Why a connection was refused; where it is made, that is the failure. */
export async function refusal(uri: string, options: ConnectOptions = {}): Promise<ConnectionError> {
  const error = await connect(uri, { timeoutMs: 20_000, ...options }).then(
    async (conn) => {
      await conn.close();
      return new Error('It was let in.');
    },
    (reason: unknown) => reason,
  );
  if (error instanceof ConnectionError) return error;
  throw error;
}

export async function hostname(uri: string, options?: ConnectOptions): Promise<string> {
  await using conn = await connect(uri, options);
  return await conn.getHostname();
}
