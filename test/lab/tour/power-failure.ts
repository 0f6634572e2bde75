import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ConnectListAllDomainsFlags as List } from 'node-libvirt';
import type { Guest } from '../guest.ts';
import type { Lab } from '../lab.ts';
import type { LabHost } from '../machine.ts';
import { aProcessorEach, timed } from '../pace.ts';

/** A host loses its power and gets it back. */
export interface PowerFailure {
  readonly host: string;
  readonly crashMs: number;
  readonly backMs: number;
  /** Guests that ran on it and ran nowhere afterwards. */
  readonly lost: readonly string[];
  /** Guests that answered afterwards, on the other hosts. */
  readonly survivors: readonly string[];
  /** How long one of them did not answer the numbered echo, at the most. */
  readonly survivorGapMs: number;
  /** Guests that the host knew when it came back: defined, and not running. */
  readonly definedAgain: readonly string[];
  /** Those of them that were started and answered. */
  readonly startedAgain: readonly string[];
  readonly startedAgainMs: number;
}

const CRASHED_MS = 1000;

/** Crashes the host, sees who is left, brings it back, and starts what it knows. */
export async function loseHost(lab: Lab, host: LabHost, guests: readonly Guest[]): Promise<PowerFailure> {
  const there = await namesOn(host, List.DOMAINS_ACTIVE);
  const elsewhere = guests.filter(({ name }) => !there.includes(name));
  const [witness] = elsewhere;
  if (!witness) throw new Error(`No guest runs outside of ${host.name}, and none could survive.`);
  await using echo = await witness.echo();
  const crashMs = await timed(() => host.crash());
  await sleep(CRASHED_MS);
  const { longestGapMs: survivorGapMs } = await echo.result();
  const running = new Set(
    (await Promise.all(lab.hosts.filter(({ isUp }) => isUp).map((each) => namesOn(each, List.DOMAINS_ACTIVE)))).flat(),
  );
  const survivors = await whoAnswer(elsewhere);
  const backMs = await timed(() => host.up());
  const definedAgain = await namesOn(host, List.DOMAINS_INACTIVE);
  let startedAgain: string[] = [];
  const startedAgainMs = await timed(async () => {
    startedAgain = await startAgain(
      host,
      guests.filter(({ name }) => definedAgain.includes(name)),
    );
  });
  const lost = there.filter((name) => !running.has(name));
  return { host: host.name, crashMs, backMs, lost, survivors, survivorGapMs, definedAgain, startedAgain, startedAgainMs };
}

async function namesOn(host: LabHost, flags: number): Promise<string[]> {
  await using conn = await connect(host.uri);
  return (await conn.listAllDomains(flags)).map(({ name }) => name).toSorted();
}

async function whoAnswer(guests: readonly Guest[]): Promise<string[]> {
  return (await Promise.all(guests.map((guest) => guest.shell('hostname')))).toSorted();
}

async function startAgain(host: LabHost, guests: readonly Guest[]): Promise<string[]> {
  await using conn = await connect(host.uri);
  const names: string[] = [];
  await aProcessorEach(guests, async (guest) => {
    await (await conn.domainLookupByName(guest.name)).create();
    names.push(...(await whoAnswer([guest])));
  });
  return names.toSorted();
}
