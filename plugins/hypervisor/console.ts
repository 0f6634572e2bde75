import type { Connection, Domain } from 'node-libvirt';
import { HubError } from 'novacron/plugin';
import { isOff, stateOf } from './domains.ts';
import { orMissing } from './errors.ts';
import { readVolume, refreshPool } from './pool.ts';
import { onDomain, type DomainAt } from './vm-ops.ts';

export interface ConsoleText {
  readonly text: string;
  /** True when only what came while we listened is there. */
  readonly live: boolean;
}

export interface ConsoleOptions {
  readonly logPath: string | null;
  readonly bytesMax: number;
  readonly listenMs: number;
  readonly signal: AbortSignal;
}

/**
 * The last bytes of the serial console. VMs that the hub made log it into a volume of their pool: libvirt reads that from any host, and it has what
 * was said before anybody looked, which a console stream does not. VMs made by others may have no log: then we listen for a moment.
 */
export const readConsole = (at: DomainAt, options: ConsoleOptions): Promise<ConsoleText> =>
  onDomain(at, async (domain, conn) => {
    const logged = options.logPath === null ? undefined : await readLog(conn, at.link.name, { ...options, logPath: options.logPath });
    if (logged !== undefined) return { text: clean(logged), live: false };
    if (isOff(await stateOf(domain)))
      throw new HubError('vm_console_none', `'${at.name}' is off and keeps no log of its console.`, { status: 409 });
    return { text: clean(await listen(domain, options)), live: true };
  });

/** Undefined when the log is in no pool. */
async function readLog(
  conn: Connection,
  host: string,
  { logPath, bytesMax, signal }: ConsoleOptions & { logPath: string },
): Promise<Buffer | undefined> {
  const find = () => orMissing(host, conn.storageVolLookupByPath(logPath));
  const volume = (await find()) ?? (await refreshPoolOf(conn, logPath, signal).then(find));
  if (volume === undefined) return undefined;
  const { capacityBytes } = await volume.getInfo();
  const lengthBytes = Math.min(capacityBytes, bytesMax);
  return readVolume(volume, { offsetBytes: capacityBytes - lengthBytes, lengthBytes, signal });
}

/** A log that was rotated is a new file that libvirt has not seen. */
async function refreshPoolOf(conn: Connection, path: string, signal: AbortSignal): Promise<void> {
  for (const pool of await conn.listAllStoragePools())
    if ((await pool.isActive()) && (await pool.getXMLDesc()).includes(`<path>${path.slice(0, path.lastIndexOf('/'))}</path>`))
      await refreshPool(pool, signal);
}

async function listen(domain: Domain, { bytesMax, listenMs, signal }: ConsoleOptions): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  await using stream = await domain.openConsole(null, 0, { signal });
  const timer = setTimeout(() => stream.abort(), listenMs);
  try {
    for await (const part of stream) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= bytesMax) break;
    }
  } catch (error) {
    // The end of the time is how this normally ends.
    if (bytes === 0 && signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts).subarray(-bytesMax);
}

/** Plain text: without the control sequences that a terminal would take as commands. */
export const clean = (bytes: Buffer): string =>
  bytes
    .toString('utf8')
    // oxlint-disable-next-line no-control-regex
    .replace(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, '')
    .replaceAll('\r\n', '\n')
    // oxlint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
