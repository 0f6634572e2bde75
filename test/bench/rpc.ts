// Calls through node-libvirt and through python3-libvirt, to the same private libvirtd, one after the other.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'node-libvirt';
import { connect } from 'node-libvirt';
import { TINY_READY } from '../../core/setup/tiny-image.ts';
import type { LibvirtHost } from '../kit/libvirt-host.ts';
import { libvirtHostMissing } from '../kit/libvirt-host.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import type { Aim, BenchOptions, BenchResult, BenchTable } from './main.ts';
import type { Measures } from './rpc-measure.ts';
import { compare, measure, measurePython, python, run, startReplay } from './rpc-measure.ts';
import type { OpenHost } from './rpc-transports.ts';
import { compareOpen, compareStorm, compareTransfers, opens, startOpenHost, stormEvents, volumeMib } from './rpc-transports.ts';

const infoCalls = 10_000;
const testDomains = 2000;
/** So few are measured first, then so many. */
const guestCounts = [12, 50] as const;
const guestsUpTimeoutMs = 300_000;

async function compareInfo(uri: string, conn: Connection, signal: AbortSignal) {
  const domain = await conn.domainLookupByName('test');
  const inOrder = async (count: number) => {
    for (let call = 0; call < count; call++) await domain.getInfo();
  };
  return compare(
    {
      node: () => measure(inOrder, infoCalls),
      pipelined: () => measure((count) => Promise.all(Array.from({ length: count }, () => domain.getInfo())), infoCalls),
      python: () => measurePython(uri, 'info', infoCalls),
    },
    signal,
  );
}

function compareStats(on: { uri: string; conn: Connection }, count: number, signal: AbortSignal) {
  const inOrder = async (calls: number) => {
    for (let call = 0; call < calls; call++) await on.conn.getAllDomainStats();
  };
  return compare({ node: () => measure(inOrder, count), python: () => measurePython(on.uri, 'stats', count) }, signal);
}

/** Fills the test driver, which keeps its domains as long as somebody is connected. */
async function defineTestDomains(conn: Connection): Promise<void> {
  const xml = (name: string) =>
    `<domain type='test'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='i686'>hvm</type></os></domain>`;
  await Promise.all(Array.from({ length: testDomains - 1 }, (_, at) => conn.domainDefineXML(xml(`bench-${at}`))));
}

/** Guests with a disk, a network card and a balloon, so that there is as much to tell of them as of real ones. */
async function startGuests(
  conn: Connection,
  host: LibvirtHost,
  { names, signal }: { names: string[]; signal: AbortSignal },
): Promise<void> {
  const { kernelPath, initrdPath, commandLine } = await tinyImage();
  const xml = (name: string) => `<domain type='qemu'><name>${name}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernelPath}</kernel><initrd>${initrdPath}</initrd><cmdline>${commandLine}</cmdline></os>
    <features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
    <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${host.dir}/empty.qcow2'/><target dev='vda' bus='virtio'/>
      <readonly/><shareable/></disk><interface type='user'><model type='virtio'/><rom enabled='no'/></interface><serial type='file'><source path='${host.dir}/${name}.log'/></serial>
      <memballoon model='virtio'><stats period='5'/></memballoon></devices></domain>`;
  for (const name of names) await conn.domainCreateXML(xml(name), 0, { signal, timeoutMs: 120_000 });
  // A guest that boots needs the processors that are to be measured.
  const limit = AbortSignal.any([signal, AbortSignal.timeout(guestsUpTimeoutMs)]);
  for (const name of names) {
    while (!(await readFile(`${host.dir}/${name}.log`, 'latin1')).includes(TINY_READY)) await sleep(250, undefined, { signal: limit });
  }
}

const statsCalls = { test: 50, real: 40, replayed: 400 };

/** One row of the bench: what was done, by whom, and how it must look beside the yardstick. */
interface Part {
  what: string;
  measures: Measures;
  yardstick: 'python' | 'virsh';
}

const twoDigits = (value: number) => Math.round(value * 100) / 100;

/** How many times as fast as the yardstick, by wall time or by the client's CPU time. */
const speed = ({ measures, yardstick }: Part, by: keyof Measures[string], who = 'node') =>
  twoDigits(measures[yardstick]![by] / measures[who]![by]);

const statsOf = (guests: number): string => `statistics of ${guests} guests`;

function atLeast(name: string, value: number | null, least: number): Aim {
  return { name, value, aim: `>= ${least}`, met: value !== null && value >= least };
}

const replayed = `${statsOf(guestCounts[1])}, replayed without the wait for the hypervisor`;

type Rows = Record<string, Part>;

function report(parts: Rows, guestsMissing: string | null): BenchResult {
  const { info, stats, upload, download } = parts as Rows & { info: Part; stats: Part; upload: Part; download: Part };
  const figures: Record<string, unknown> = { guestsSkippedBecause: guestsMissing };
  for (const [name, part] of Object.entries(parts)) {
    figures[`${name}SpeedRatio`] = speed(part, 'wallMs');
    figures[`${name}CpuRatio`] = speed(part, 'cpuMs');
  }
  figures['pipelinedSpeedRatio'] = speed(info, 'wallMs', 'pipelined');
  figures['uploadMibPerSecond'] = Math.round(volumeMib / (upload.measures['node']!.wallMs / 1000));
  figures['downloadMibPerSecond'] = Math.round(volumeMib / (download.measures['node']!.wallMs / 1000));
  const table: BenchTable = {
    title: 'rpc: median of the rounds',
    columns: ['what', 'by', 'wall ms', 'client CPU ms'],
    rows: Object.values(parts).flatMap(({ what, measures }) =>
      Object.entries(measures).map(([who, one]) => [what, who, Math.round(one.wallMs), Math.round(one.cpuMs)]),
    ),
  };
  const rows = Object.values(parts).filter(({ yardstick }) => yardstick === 'python');
  const pipelined = speed(info, 'wallMs', 'pipelined');
  const cpuOf = (part: Part | undefined) => (part ? speed(part, 'cpuMs') : null);
  const [few, many] = guestCounts.map((count) => ({
    name: `CPU of python / ours for the ${statsOf(count)}`,
    value: cpuOf(parts[`guests${count}`]),
  }));
  const testStats = `CPU of python / ours for the statistics of ${testDomains} test domains`;
  return {
    figures,
    aims: [
      // Bounds, which must hold; then aims.
      atLeast("bound: pipelined rate / python's sequential rate", pipelined, 2),
      atLeast(`bound: ${testStats}`, cpuOf(stats), 0.77),
      atLeast(`bound: ${few!.name}`, few!.value, 0.77),
      ...rows.map((part) => atLeast(`${part.what}: speed beside python3-libvirt`, speed(part, 'wallMs'), 1)),
      atLeast("pipelined rate / python's sequential rate", pipelined, 4),
      atLeast(testStats, cpuOf(stats), 2),
      atLeast(`CPU of python / ours for the ${replayed}`, cpuOf(parts['replay']), 2),
      atLeast(`${many!.name}, with the wait`, many!.value, 2),
      atLeast('upload: speed beside virsh', speed(upload, 'wallMs'), 0.9),
      atLeast('download: speed beside virsh', speed(download, 'wallMs'), 0.9),
    ],
    tables: [table],
  };
}

export async function bench({ signal }: BenchOptions): Promise<BenchResult> {
  const missing = libvirtHostMissing();
  if (missing) throw new Error(`The bench needs a private libvirtd, and ${missing}.`);
  await run(python, ['-c', 'import libvirt']).catch((cause: unknown) => {
    throw new Error('The bench compares with python3-libvirt; install the Debian package of that name.', { cause });
  });
  await using open = await startOpenHost();
  const parts = await measureAll(open, signal);
  const real = await compareGuests(open.host, signal);
  return typeof real === 'string' ? report(parts, real) : report({ ...parts, ...real }, null);
}

async function measureAll({ host, uris }: OpenHost, signal: AbortSignal): Promise<Rows> {
  const parts: Rows = {};
  const yardstick = 'python';
  for (const [name, uri] of Object.entries(uris)) {
    const what = `${opens} x open, first answer, close by ${name}`;
    parts[`${name}Open`] = { what, measures: await compareOpen(uri, signal), yardstick };
  }
  parts['storm'] = { what: `${stormEvents} events`, measures: await compareStorm(uris.unix, signal), yardstick };
  const { upload, download } = await compareTransfers(host, signal);
  parts['upload'] = { what: `upload of ${volumeMib} MiB from a file in memory`, measures: upload, yardstick: 'virsh' };
  parts['download'] = { what: `download of ${volumeMib} MiB to a file in memory`, measures: download, yardstick: 'virsh' };
  await using conn = await connect(uris.unix);
  parts['info'] = { what: `${infoCalls} x getInfo`, measures: await compareInfo(uris.unix, conn, signal), yardstick };
  await defineTestDomains(conn);
  const what = `${statsCalls.test} x statistics of ${testDomains} test domains`;
  parts['stats'] = { what, measures: await compareStats({ uri: uris.unix, conn }, statsCalls.test, signal), yardstick };
  return parts;
}

/**
 * The same answer about the guests, given at once. A hypervisor takes half a second for it, and whoever wakes up that seldom pays for cold
 * caches and for the garbage collector that uses the pause: here what counts is the reading of the answer.
 */
async function compareReplay(uri: string, signal: AbortSignal): Promise<Measures> {
  await using replay = await startReplay(uri);
  await using conn = await connect(replay.uri);
  // Awaited here: what is returned unawaited would find its connection closed.
  return await compareStats({ uri: replay.uri, conn }, statsCalls.replayed, signal);
}

/** What real guests cost, or the reason why there are none. */
async function compareGuests(host: LibvirtHost, signal: AbortSignal): Promise<Rows | string> {
  await using conn = await connect(host.uri);
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', `${host.dir}/empty.qcow2`, '16M']);
  const parts: Rows = {};
  let started = 0;
  for (const count of guestCounts) {
    try {
      const names = Array.from({ length: count - started }, (_, at) => `guest-${started + at}`);
      await startGuests(conn, host, { names, signal });
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
    started = count;
    const measures = await compareStats({ uri: host.uri, conn }, statsCalls.real, signal);
    parts[`guests${count}`] = { what: `${statsCalls.real} x ${statsOf(count)}`, measures, yardstick: 'python' };
  }
  parts['replay'] = { what: `${statsCalls.replayed} x ${replayed}`, measures: await compareReplay(host.uri, signal), yardstick: 'python' };
  return parts;
}
