import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Lab } from './lab.ts';
import type { Link, LinkQuality } from './switch.ts';

/** What another process may ask of the keeper of a lab. */
export type Command =
  | { readonly do: 'status' | 'down' }
  | { readonly do: 'crash' | 'up' | 'cut' | 'heal'; readonly machine: string }
  | { readonly do: 'shape'; readonly machine: string; readonly rateMbit: number | null }
  | { readonly do: 'link'; readonly a: string; readonly b: string; readonly quality: LinkQuality | null };

export interface MachineStatus {
  readonly name: string;
  readonly address: string;
  /** PID 1 of the machine; null while it is down. */
  readonly pid: number | null;
  readonly isCut: boolean;
  readonly rateMbit: number | null;
  /** Null for the client. */
  readonly uri: string | null;
}

export interface LabStatus {
  readonly name: string;
  readonly number: number;
  readonly dir: string;
  readonly machines: readonly MachineStatus[];
  readonly links: readonly Link[];
}

/** What the keeper would not or could not do, and why. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

const COMMAND_BYTES_MAX = 10_000;
const socketIn = (dir: string): string => join(dir, 'control.sock');

/** Does what it is told over a socket in the lab's folder: one command in JSON a connection, answered by `{ ok }` or `{ error }`. */
export async function serveControl(lab: Lab, onDown: () => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void text(socket.on('data', () => socket.bytesRead > COMMAND_BYTES_MAX && socket.destroy()))
      .then((line) => obey(lab, JSON.parse(line) as Command))
      .then(
        (ok) => socket.end(JSON.stringify({ ok })),
        (error: unknown) => socket.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) })),
      )
      .then(() => socket.once('close', () => lab.isEnded && onDown()));
  });
  await rm(socketIn(lab.dir), { force: true });
  await new Promise<void>((resolve) => server.listen(socketIn(lab.dir), resolve));
  return server;
}

async function obey(lab: Lab, command: Command): Promise<LabStatus | null> {
  switch (command.do) {
    case 'status':
      return lab.status();
    case 'down':
      await lab[Symbol.asyncDispose]();
      return null;
    case 'crash':
    case 'up':
    case 'cut':
    case 'heal':
      await lab.machine(command.machine)[command.do]();
      return null;
    case 'shape':
      await lab.machine(command.machine).shape(command);
      return null;
    case 'link':
      await lab.link(command.a, command.b, command.quality);
      return null;
  }
}

/** Sends a command to the keeper of the lab in that folder; undefined when that lab has no keeper, because a test or a script holds it. */
export async function askKeeper(dir: string, command: Command): Promise<LabStatus | null | undefined> {
  const socket = connect({ path: socketIn(dir), allowHalfOpen: true });
  try {
    await new Promise<void>((resolve, reject) => socket.on('connect', resolve).on('error', reject));
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  socket.end(JSON.stringify(command));
  const said = await text(socket);
  // It went down while we asked.
  if (said === '') return undefined;
  const answer = JSON.parse(said) as { ok?: LabStatus | null; error?: string };
  if (answer.error !== undefined) throw new Refusal(answer.error);
  return answer.ok ?? null;
}
