import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect,
  DomainEventSuspendedDetailType,
  DomainEventType,
  DomainMigrateFlags as Flags,
  ParameterName,
  type Connection,
  type Domain,
  type Gap,
  type MessageEvent,
} from 'node-libvirt';
import type { Guest } from '../guest.ts';
import type { Lab } from '../lab.ts';
import { timed } from '../pace.ts';

/** One live migration, as somebody saw it who talked to the guest all the time. */
export interface Move {
  readonly way: string;
  readonly from: string;
  readonly to: string;
  readonly tookMs: number;
  /** Longest time without an answer to the numbered echo. */
  readonly longestGapMs: number;
  readonly echoesSent: number;
  readonly echoesAnswered: number;
}

interface Movers {
  /** On h1, its disk shared. */
  readonly mover: Guest;
  /** On h1, its disk there too. */
  readonly local: Guest;
  /** Is told what comes next. */
  readonly say: (what: string) => void;
}

interface Plan {
  readonly way: string;
  readonly guest: Guest;
  readonly to: string;
  readonly uri: 'tcp' | 'tls';
  readonly flags: number;
  /** Has the domain moved; just the call by default. */
  readonly carry?: (move: Call) => Promise<void>;
}

interface Call {
  readonly conn: Connection;
  readonly domain: Domain;
  readonly uri: string;
  readonly flags: number;
}

const MOVE_TIMEOUT_MS = 180_000;
const AFTERWARDS_MS = 300;
const USUAL = Flags.MIGRATE_LIVE | Flags.MIGRATE_PEER2PEER | Flags.MIGRATE_PERSIST_DEST | Flags.MIGRATE_UNDEFINE_SOURCE;
// The shared folder is one disk for all hosts, but libvirt takes it for a local one.
const SHARED = USUAL | Flags.MIGRATE_UNSAFE;
/** A guest that writes memory faster than it is carried never arrives without post-copy. */
const BUSY = { dirtyMibPerSecond: 40, carriedMibPerSecond: 20, seconds: 8 };

/** Two processes of a guest that wake each other, without an end. */
const TAKE_TURNS = `mkfifo /run/a /run/b; exec 3<>/run/a 4<>/run/b
(while read x <&3; do echo >&4; done) & while :; do echo >&3; read x <&4; done`;

/** The live migrations of the tour, one after the other: there with one, back with the next. */
export async function moveGuests(lab: Lab, { mover, local, say }: Movers): Promise<Move[]> {
  const moves: Move[] = [];
  const next = async (plan: Plan): Promise<void> => {
    say(`${plan.guest.name} moves to ${plan.to}: ${plan.way}`);
    const moved = await move(lab, plan);
    moves.push(moved);
  };
  await next({ way: 'plain', guest: mover, to: 'h2', uri: 'tcp', flags: SHARED });
  await next({ way: 'TLS', guest: mover, to: 'h1', uri: 'tls', flags: SHARED | Flags.MIGRATE_TLS });
  await withSameDisk(local, () =>
    next({ way: 'with storage', guest: local, to: 'h2', uri: 'tcp', flags: USUAL | Flags.MIGRATE_NON_SHARED_DISK }),
  );
  const load = mover.dirty(BUSY.dirtyMibPerSecond, BUSY.seconds);
  const flags = SHARED | Flags.MIGRATE_POSTCOPY;
  await Promise.all([load, next({ way: 'post-copy, busy guest', guest: mover, to: 'h2', uri: 'tcp', flags, carry: carryInPostCopy })]);
  await lab.link('h2', 'h1', { delayMs: 50, lossRatio: 0.01 });
  await whileTakingTurns(mover, () =>
    next({ way: 'plain, link of 50 ms and 1 % loss', guest: mover, to: 'h1', uri: 'tcp', flags: SHARED }),
  );
  await lab.link('h2', 'h1', null);
  return moves;
}

async function move(lab: Lab, { way, guest, to, uri, flags, carry = callOnly }: Plan): Promise<Move> {
  const from = await guest.host();
  await using conn = await connect(from.uri);
  const domain = await conn.domainLookupByName(guest.name);
  await using echo = await guest.echo();
  const tookMs = await timed(() => carry({ conn, domain, uri: lab.host(to).uris[uri], flags }));
  await sleep(AFTERWARDS_MS);
  const { longestGapMs, sent, answered } = await echo.result();
  const now = (await guest.host()).name;
  if (now !== to) throw new Error(`${guest.name} was to move to ${to} (${way}), and runs on ${now}.`);
  return { way, from: from.name, to, tookMs, longestGapMs, echoesSent: sent, echoesAnswered: answered };
}

const callOnly = ({ domain, uri, flags }: Call): Promise<void> => domain.migrateToURI3(uri, { flags }, { timeoutMs: MOVE_TIMEOUT_MS });

/** Compares what the guest has on its disk before and after, read from the disk itself. */
async function withSameDisk(guest: Guest, work: () => Promise<void>): Promise<void> {
  await guest.shell('head -c 4194304 /dev/urandom | dd of=/dev/vda bs=64k conv=fsync 2>/dev/null');
  const checksum = (): Promise<string> => guest.shell('echo 3 >/proc/sys/vm/drop_caches; sha256sum /dev/vda');
  const before = await checksum();
  await work();
  if ((await checksum()) !== before) throw new Error(`The disk of ${guest.name} is another one after the move.`);
}

/**
 * QEMU before 9.0 misses writes of an emulated guest to pages that it has just carried, until the guest's TLB is emptied. An idle guest
 * hardly does that, and one in ten came out of a slow move broken; with every change of the process it does.
 */
async function whileTakingTurns(guest: Guest, work: () => Promise<void>): Promise<void> {
  const leader = await guest.shell(`setsid sh -c '${TAKE_TURNS}' </dev/null >/dev/null 2>&1 & echo $!`);
  await work();
  await guest.shell(`kill -- -${leader}`);
}

/** Has the guest go on at the other host as soon as all of its memory was carried once. */
async function carryInPostCopy({ conn, domain, uri, flags }: Call): Promise<void> {
  await using iterations = conn.domainEvents('migrationIteration');
  await using life = conn.lifecycleEvents();
  await Promise.all([iterations.ready, life.ready]);
  const params = { [ParameterName.MIGRATE_PARAM_BANDWIDTH]: BUSY.carriedMibPerSecond };
  const moving = domain.migrateToURI3(uri, { flags, params }, { timeoutMs: MOVE_TIMEOUT_MS }).finally(() => {
    for (const events of [iterations, life]) events.close();
  });
  await Promise.all([moving, switchAfterFirst(iterations, domain)]);
  for await (const event of life) {
    if (event.kind === 'gap' || event.event !== DomainEventType.SUSPENDED) continue;
    if (event.detail === DomainEventSuspendedDetailType.POSTCOPY) return;
  }
  throw new Error(`The host of ${domain.name} did not tell of a switch to post-copy.`);
}

async function switchAfterFirst(iterations: AsyncIterable<MessageEvent<{ iteration: number }> | Gap>, domain: Domain): Promise<void> {
  for await (const event of iterations) {
    if (event.kind === 'event' && event.message.iteration > 1) return domain.migrateStartPostCopy();
  }
  throw new Error(`The move of ${domain.name} was over before all of its memory had been carried once.`);
}
