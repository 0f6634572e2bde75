// What the lab costs: hosts, the relay in a link, and many guests on one machine. `--data` is not used.
import { availableParallelism, freemem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { tinyImage } from '../kit/tiny-image.ts';
import { debianImage } from '../lab/debian-image.ts';
import { startEcho } from '../lab/echo.ts';
import { aProcessorEach, timed } from '../lab/pace.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { throughput } from '../lab/throughput.ts';
import type { Aim, BenchOptions, BenchResult } from './main.ts';

const GUESTS = 50;
const MIB = 1024 * 1024;

/** Three hosts, a power failure and return, links with and without the relay, a Debian with cloud-init, then fifty small guests. Takes about four minutes. */
export async function bench({ signal }: BenchOptions): Promise<BenchResult> {
  await tinyImage();
  const startedAt = performance.now();
  await using lab = await startLab({ hosts: 3, storage: 'shared' });
  const upMs = performance.now() - startedAt;
  const figures = {
    upMs: round(upMs),
    ...(await powerFailure(lab)),
    ...(await links(lab)),
    ...(await debian(lab)),
    ...(await manyGuests(lab, signal)),
  };
  const aims: Aim[] = [
    { name: 'three hosts up', value: figures.upMs, aim: '< 3000 ms', met: figures.upMs < 3000 },
    { name: 'guests up', value: figures.guests, aim: `${GUESTS}`, met: figures.guests === GUESTS },
  ];
  return { figures, aims };
}

async function powerFailure(lab: Lab) {
  const host = lab.host('h3');
  const crashMs = await timed(() => host.crash());
  const backMs = await timed(() => host.up());
  return { crashMs: round(crashMs), backMs: round(backMs) };
}

async function links(lab: Lab) {
  const [h1, h2] = [lab.host('h1'), lab.host('h2')];
  const rate = async (mib: number): Promise<number> => round((await throughput(h1, h2, mib * MIB)).mbitPerSecond);
  const trip = async (): Promise<number> => {
    await using echo = await startEcho(h1, h2.address);
    await sleep(2000);
    return (await echo.result()).medianMs;
  };
  const plain = { plainMbit: await rate(512), plainTripMs: await trip() };
  await lab.link('h1', 'h2', {});
  const cpuBefore = await cpuSecondsOf(lab.relayPid);
  const relayed = { relayMbit: await rate(256), relayTripMs: await trip() };
  const relayCpuSecondsPerGbit = ((await cpuSecondsOf(lab.relayPid)) - cpuBefore) / ((256 * 8) / 1000);
  await lab.link('h1', 'h2', { delayMs: 50, lossRatio: 0.01 });
  const far = { far50ms1PercentMbit: await rate(1), far50ms1PercentTripMs: await trip() };
  await lab.link('h1', 'h2', null);
  return { ...plain, ...relayed, relayCpuSecondsPerGbit: round(relayCpuSecondsPerGbit), ...far };
}

/** From the start of the guest until cloud-init has done what it was told, then a live migration. */
async function debian(lab: Lab) {
  const buildMs = await timed(debianImage);
  const userData = '#cloud-config\nwrite_files:\n  - { path: /etc/told, content: done }\n';
  const startedAt = performance.now();
  const guest = await lab.guest({ host: 'h1', name: 'debian', image: 'debian', userData });
  const upMs = performance.now() - startedAt;
  const told = await guest.shell('cat /etc/told');
  if (told !== 'done') throw new Error(`cloud-init did something else: ${told}`);
  await using echo = await guest.echo();
  const h1 = lab.host('h1');
  const moveMs = await timed(() => h1.shell(`virsh migrate --live --p2p --unsafe debian ${lab.host('h2').uris.tls}`));
  const { longestGapMs } = await echo.result();
  await lab.host('h2').shell('virsh destroy debian');
  return {
    debianBuildSeconds: round(buildMs / 1000),
    debianUpSeconds: round(upMs / 1000),
    debianMoveMs: round(moveMs),
    debianMoveGapMs: round(longestGapMs),
  };
}

async function manyGuests(lab: Lab, signal: AbortSignal) {
  const freeBefore = freemem();
  let guests = 0;
  const bootMs = await timed(() =>
    aProcessorEach([...Array(GUESTS).keys()], async (i) => {
      signal.throwIfAborted();
      await lab.guest({ host: `h${(i % 3) + 1}`, name: `g${i}`, diskBytes: 0 });
      guests++;
    }),
  );
  const memoryBytes = freeBefore - freemem();
  const idleBefore = await idleSeconds();
  await sleep(5000, undefined, { signal });
  const busyProcessors = availableParallelism() - ((await idleSeconds()) - idleBefore) / 5;
  return {
    guests,
    guestsUpSeconds: round(bootMs / 1000),
    memoryGuestMib: round(memoryBytes / MIB / GUESTS),
    memoryAllMib: round(memoryBytes / MIB),
    idleGuestsProcessors: round(busyProcessors),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
const TICKS_PER_SECOND = 100;

async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function idleSeconds(): Promise<number> {
  const [, , , , idle = '0'] = (await readFile('/proc/stat', 'utf8')).split(/\s+/);
  return Number(idle) / TICKS_PER_SECOND;
}
