import { setTimeout as sleep } from 'node:timers/promises';
import { connect, qemuProcedures, type Connection } from 'node-libvirt';

/** What a test does in a real guest, through its agent; `uri` is its host's. */

/** Asks the agent of a guest. */
async function askAgent<T>(conn: Connection, domain: string, { execute, args }: { execute: string; args: object }): Promise<T> {
  const dom = (await conn.domainLookupByName(domain)).ref;
  const cmd = JSON.stringify({ execute, arguments: args });
  const { result } = await conn.call(qemuProcedures.domainAgentCommand, { dom, cmd, timeout: 10, flags: 0 });
  return (JSON.parse(result ?? '{}') as { return: T }).return;
}

/** Runs a line of shell in the guest and returns what it printed. */
export async function runInGuest(uri: string, domain: string, line: string): Promise<string> {
  await using conn = await connect(uri);
  const args = { path: '/bin/sh', arg: ['-c', line], 'capture-output': true };
  const { pid } = await askAgent<{ pid: number }>(conn, domain, { execute: 'guest-exec', args });
  for (;;) {
    const status = await askAgent<{ exited: boolean; exitcode?: number; 'out-data'?: string; 'err-data'?: string }>(conn, domain, {
      execute: 'guest-exec-status',
      args: { pid },
    });
    const said = Buffer.from(status['out-data'] ?? '', 'base64').toString();
    if (status.exited && status.exitcode !== 0)
      throw new Error(`${line}: ${said} ${Buffer.from(status['err-data'] ?? '', 'base64').toString()}`);
    if (status.exited) return said;
    await sleep(50);
  }
}

/** Size of a disk as the kernel of the guest sees it. */
export const diskSizeInGuest = async (uri: string, domain: string, device: string): Promise<number> =>
  Number(await runInGuest(uri, domain, `cat /sys/block/${device}/size`)) * 512;
