import { existsSync } from 'node:fs';
import { tinyImage } from '../../kit/tiny-image.ts';
import type { Guest } from '../guest.ts';
import { startLab, type Lab } from '../lab.ts';
import { aProcessorEach, timed } from '../pace.ts';
import { backUp, type Backup } from './backup.ts';
import { moveGuests, type Move } from './moves.ts';
import { loseHost, type PowerFailure } from './power-failure.ts';

/** What happened on a round through the lab, and how long it took. */
export interface Tour {
  readonly hosts: number;
  readonly guests: number;
  readonly upMs: number;
  readonly guestsUpMs: number;
  readonly moves: readonly Move[];
  readonly backup: Backup;
  readonly powerFailure: PowerFailure;
  readonly downMs: number;
  /** Whether nothing was left of the lab after it had gone down: no PID 1, no folder. */
  readonly isGone: boolean;
}

const HOSTS = 3;
const GUESTS = 12;

/** Goes once through all that the lab can do, all of it by node-libvirt. `say` is told what comes next. Throws where something went wrong. */
export async function takeTour(say: (what: string) => void): Promise<Tour> {
  await tinyImage();
  say(`${HOSTS} hosts go up`);
  const startedAt = performance.now();
  await using lab = await startLab({ hosts: HOSTS, storage: 'shared' });
  const upMs = performance.now() - startedAt;
  say(`${lab.name} is up; ${GUESTS} guests boot`);
  let guests: Guest[] = [];
  const guestsUpMs = await timed(async () => (guests = await bootGuests(lab)));
  const [mover, , saved, local] = guests as [Guest, Guest, Guest, Guest];
  const moves = await moveGuests(lab, { mover, local, say });
  say(`a backup of ${saved.name}`);
  const backup = await backUp(saved);
  say('h2 loses its power');
  const powerFailure = await loseHost(lab, lab.host('h2'), guests);
  say('the lab goes down');
  const downMs = await timed(() => lab[Symbol.asyncDispose]());
  const isGone = lab.isEnded && !existsSync(lab.dir);
  return { hosts: lab.hosts.length, guests: guests.length, upMs, guestsUpMs, moves, backup, powerFailure, downMs, isGone };
}

/** g1, g2, g3 are on h1, h2, h3, and so on; all disks are shared but that of g4, which is on its host. */
async function bootGuests(lab: Lab): Promise<Guest[]> {
  const guests: Guest[] = [];
  await aProcessorEach([...Array(GUESTS).keys()], async (i) => {
    const host = `h${(i % HOSTS) + 1}`;
    guests[i] = await lab.guest({ host, name: `g${i + 1}`, ...(i === 3 && { storage: 'local' }) });
  });
  return guests;
}
