// Calls through node-libvirt and through python3-libvirt, to the same private libvirtd, one after the other.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Connection } from 'node-libvirt';
import { connect } from 'node-libvirt';
import { TINY_READY } from '../../core/setup/tiny-image.ts';
import type { LibvirtHost } from '../kit/libvirt-host.ts';
import { libvirtHostMissing, startLibvirtHost } from '../kit/libvirt-host.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import type { Aim, BenchOptions, BenchResult, BenchTable } from './main.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('rpc.py', import.meta.url));
/** Debian's, which has python3-libvirt; another python in the PATH has not. */
const python = '/usr/bin/python3';
const infoCalls = 10_000;
const testDomains = 2000;
const guests = 12;
/** Both sides are measured this often in turns, and the median counts: a busy machine then disturbs both alike. */
const rounds = 3;
const guestsUpTimeoutMs = 300_000;

interface Measure {
  wallMs: number;
  cpuMs: number;
}

/** Wall time and CPU time of this process while it does something, after doing a little of it to warm up. */
async function measure(work: (count: number) => Promise<unknown>, count: number): Promise<Measure> {
  await work(Math.max(1, Math.floor(count / 10)));
  const wall = performance.now();
  const cpu = process.cpuUsage();
  await work(count);
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 };
}

async function measurePython(uri: string, what: 'info' | 'stats', count: number): Promise<Measure> {
  const { stdout } = await run(python, [script, uri, what, String(count)]);
  return JSON.parse(stdout) as Measure;
}

function median(measures: readonly Measure[]): Measure {
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  return { wallMs: middle(measures.map((one) => one.wallMs)), cpuMs: middle(measures.map((one) => one.cpuMs)) };
}

/** Each contender once a round. */
async function compare(contenders: Record<string, () => Promise<Measure>>, signal: AbortSignal): Promise<Record<string, Measure>> {
  const measures = Object.fromEntries(Object.keys(contenders).map((name) => [name, [] as Measure[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      signal.throwIfAborted();
      measures[name]!.push(await contender());
    }
  }
  return Object.fromEntries(Object.entries(measures).map(([name, all]) => [name, median(all)]));
}

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
async function startGuests(conn: Connection, host: LibvirtHost, signal: AbortSignal): Promise<void> {
  const { kernelPath, initrdPath, commandLine } = await tinyImage();
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', `${host.dir}/empty.qcow2`, '16M']);
  const xml = (name: string) => `<domain type='qemu'><name>${name}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernelPath}</kernel><initrd>${initrdPath}</initrd><cmdline>${commandLine}</cmdline></os>
    <features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
    <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${host.dir}/empty.qcow2'/><target dev='vda' bus='virtio'/>
      <readonly/><shareable/></disk><interface type='user'><model type='virtio'/><rom enabled='no'/></interface><serial type='file'><source path='${host.dir}/${name}.log'/></serial>
      <memballoon model='virtio'><stats period='5'/></memballoon></devices></domain>`;
  const names = Array.from({ length: guests }, (_, at) => `guest-${at}`);
  for (const name of names) await conn.domainCreateXML(xml(name), 0, { signal, timeoutMs: 120_000 });
  // A guest that boots needs the processors that are to be measured.
  const limit = AbortSignal.any([signal, AbortSignal.timeout(guestsUpTimeoutMs)]);
  for (const name of names) {
    while (!(await readFile(`${host.dir}/${name}.log`, 'latin1')).includes(TINY_READY)) await sleep(250, undefined, { signal: limit });
  }
}

function atMost(name: string, value: number | null, most: number): Aim {
  return { name, value, aim: `<= ${most}`, met: value !== null && value <= most };
}

const twoDigits = (value: number) => Math.round(value * 100) / 100;

function report(parts: {
  info: Record<string, Measure>;
  test: Record<string, Measure>;
  real: Record<string, Measure> | string;
}): BenchResult {
  const { info, test, real } = parts;
  const rate = (one: Measure) => Math.round((infoCalls / one.wallMs) * 1000);
  const cpuRatio = (one: Record<string, Measure>) => twoDigits(one['node']!.cpuMs / one['python']!.cpuMs);
  const wallRatio = (one: Record<string, Measure>) => twoDigits(one['node']!.wallMs / one['python']!.wallMs);
  const pipelinedRatio = twoDigits(info['python']!.wallMs / info['pipelined']!.wallMs);
  const guestRatio = typeof real === 'string' ? null : cpuRatio(real);
  const figures = {
    infoNodePerSecond: rate(info['node']!),
    infoNodePipelinedPerSecond: rate(info['pipelined']!),
    infoPythonPerSecond: rate(info['python']!),
    infoSequentialRateRatio: twoDigits(info['python']!.wallMs / info['node']!.wallMs),
    infoPipelinedRateRatio: pipelinedRatio,
    infoPipelinedCpuRatio: twoDigits(info['pipelined']!.cpuMs / info['python']!.cpuMs),
    stats2000TestDomainsWallRatio: wallRatio(test),
    stats2000TestDomainsCpuRatio: cpuRatio(test),
    stats12GuestsWallRatio: typeof real === 'string' ? null : wallRatio(real),
    stats12GuestsCpuRatio: guestRatio,
    stats12GuestsSkippedBecause: typeof real === 'string' ? real : null,
  };
  const rows = (what: string, measures: Record<string, Measure>): (string | number)[][] =>
    Object.entries(measures).map(([who, one]) => [what, who, Math.round(one.wallMs), Math.round(one.cpuMs)]);
  const table: BenchTable = {
    title: 'rpc: median of the rounds',
    columns: ['what', 'by', 'wall ms', 'client CPU ms'],
    rows: [
      ...rows(`${infoCalls} x getInfo`, info),
      ...rows(`${statsCalls.test} x statistics of ${testDomains} test domains`, test),
      ...(typeof real === 'string' ? [] : rows(`${statsCalls.real} x statistics of ${guests} guests`, real)),
    ],
  };
  return {
    figures,
    aims: [
      { name: "pipelined rate / python's sequential rate", value: pipelinedRatio, aim: '>= 2', met: pipelinedRatio >= 2 },
      atMost('client CPU for the statistics of 2,000 test domains / that of python', figures.stats2000TestDomainsCpuRatio, 1.3),
      atMost('client CPU for the statistics of 12 guests / that of python', guestRatio, 1.3),
    ],
    tables: [table],
  };
}

const statsCalls = { test: 50, real: 40 };

export async function bench({ signal }: BenchOptions): Promise<BenchResult> {
  const missing = libvirtHostMissing();
  if (missing) throw new Error(`The bench needs a private libvirtd, and ${missing}.`);
  await run(python, ['-c', 'import libvirt']).catch((cause: unknown) => {
    throw new Error('The bench compares with python3-libvirt; install the Debian package of that name.', { cause });
  });
  await using host = await startLibvirtHost();
  const uri = `test+unix:///default?socket=${host.socketPath}`;
  await using conn = await connect(uri);
  const info = await compareInfo(uri, conn, signal);
  await defineTestDomains(conn);
  const test = await compareStats({ uri, conn }, statsCalls.test, signal);
  return report({ info, test, real: await compareGuests(host, signal) });
}

/** What twelve real guests cost, or the reason why there are none. */
async function compareGuests(host: LibvirtHost, signal: AbortSignal): Promise<Record<string, Measure> | string> {
  await using conn = await connect(host.uri);
  try {
    await startGuests(conn, host, signal);
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
  return await compareStats({ uri: host.uri, conn }, statsCalls.real, signal);
}
