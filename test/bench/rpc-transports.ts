// The parts of the bench "rpc" that are about ways to the daemon, events and streams.
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StorageVolume } from 'node-libvirt';
import { connect } from 'node-libvirt';
import type { LibvirtHost } from '../kit/libvirt-host.ts';
import { startLibvirtHost } from '../kit/libvirt-host.ts';
import { createAuthority } from '../plugins/hypervisor/node-libvirt/kit/certificates.ts';
import { freePorts } from '../plugins/hypervisor/node-libvirt/kit/free-ports.ts';
import type { Measure, Measures } from './rpc-measure.ts';
import { compare, listenPython, measure, measurePython, run, startClocks } from './rpc-measure.ts';

export const opens = 200;
export const stormEvents = 10_000;
export const volumeMib = 256;
const storm = fileURLToPath(new URL('rpc-storm.ts', import.meta.url));

/** A host that listens by TCP and TLS too. */
export interface OpenHost extends AsyncDisposable {
  readonly host: LibvirtHost;
  readonly uris: Readonly<Record<'unix' | 'tcp' | 'tls', string>>;
}

export async function startOpenHost(): Promise<OpenHost> {
  const dir = await mkdtemp(join(tmpdir(), 'nlv-bench-'));
  const [tcp, tls] = await freePorts(2);
  const authority = await createAuthority(dir);
  const server = await authority.issue('server');
  const pki = await authority.clientFolder('client', await authority.issue('client'));
  const files = { key_file: server.keyPath, cert_file: server.certPath, ca_file: authority.certPath };
  const ports = { listen_addr: '127.0.0.1', tcp_port: String(tcp), tls_port: String(tls) };
  const host = await startLibvirtHost({
    onLoopback: true,
    settings: { listen_tcp: 1, listen_tls: 1, auth_tcp: 'none', auth_tls: 'none', ...ports, ...files },
  });
  return {
    host,
    uris: {
      unix: `test+unix:///default?socket=${host.socketPath}`,
      tcp: `test+tcp://127.0.0.1:${tcp}/default`,
      tls: `test+tls://localhost:${tls}/default?pkipath=${pki}`,
    },
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** From nothing to the first answer, and the goodbye. */
export function compareOpen(uri: string, signal: AbortSignal): Promise<Measures> {
  const inOrder = async (count: number) => {
    for (let open = 0; open < count; open++) {
      await using conn = await connect(uri);
      await conn.getHostname();
    }
  };
  return compare({ node: () => measure(inOrder, opens), python: () => measurePython(uri, 'open', opens) }, signal);
}

/** From the first event of a storm to the last; the storm itself is another process. */
export function compareStorm(uri: string, signal: AbortSignal): Promise<Measures> {
  const blow = () => run(process.execPath, [storm, uri, String(stormEvents)]);
  const listen = async (): Promise<Measure> => {
    await using conn = await connect(uri);
    await using events = conn.lifecycleEvents({ eventsMax: stormEvents });
    await events.ready;
    const blowing = blow();
    let stop: (() => Measure) | undefined;
    let seen = 0;
    for await (const _ of events) {
      stop ??= startClocks();
      if (++seen === stormEvents) break;
    }
    const took = stop!();
    await blowing;
    return took;
  };
  return compare({ node: listen, python: () => listenPython(uri, stormEvents, blow) }, signal);
}

/** A file piece by piece in the same memory, as virsh reads it: a stream of Node's takes new memory for each, which costs more than the upload. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  const piece = Buffer.allocUnsafeSlow(1024 * 1024);
  for (;;) {
    const { bytesRead } = await file.read(piece);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
  }
}

/** Into a file in the thread that reads, as virsh does it: Node's own streams hand each piece to another thread, which is not the client's doing. */
async function downloadTo(path: string, volume: StorageVolume): Promise<void> {
  const file = openSync(path, 'w');
  try {
    for await (const piece of await volume.download()) for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
  } finally {
    closeSync(file);
  }
}

/** Files in memory where the machine has such a folder, so that no disk is measured. */
const filesDir = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A volume up and down again, from and to a file, beside virsh. */
export async function compareTransfers(host: LibvirtHost, signal: AbortSignal): Promise<{ upload: Measures; download: Measures }> {
  const dir = await mkdtemp(join(filesDir, 'nlv-bench-'));
  try {
    return await compareTransfersIn(dir, host.uri, signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function compareTransfersIn(dir: string, uri: string, signal: AbortSignal): Promise<{ upload: Measures; download: Measures }> {
  await using conn = await connect(uri);
  const pool = await conn.storagePoolCreateXML(`<pool type='dir'><name>bench</name><target><path>${dir}</path></target></pool>`);
  const volume = await pool.storageVolCreateXML(`<volume><name>bench.img</name><capacity unit='MiB'>${volumeMib}</capacity></volume>`);
  const [source, copy] = [join(dir, 'source'), join(dir, 'copy')];
  await writeFile(source, Buffer.alloc(volumeMib * 1024 * 1024, 'what a disk holds '));
  const virsh = (...words: string[]) => measurePython('-', 'run', 'virsh', '-q', '-c', uri, ...words);
  const once = async (work: () => Promise<unknown>): Promise<Measure> => {
    const stop = startClocks();
    await work();
    return stop();
  };
  const upload = await compare(
    {
      node: () => once(() => volume.upload(piecesOf(source))),
      virsh: () => virsh('vol-upload', '--pool', 'bench', 'bench.img', source),
    },
    signal,
  );
  const download = await compare(
    {
      node: () => once(() => downloadTo(copy, volume)),
      virsh: () => virsh('vol-download', '--pool', 'bench', 'bench.img', copy),
    },
    signal,
  );
  if ((await stat(copy)).size !== volumeMib * 1024 * 1024) throw new Error('The volume did not come back whole.');
  return { upload, download };
}
