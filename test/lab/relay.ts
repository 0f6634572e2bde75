import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { hasEnded, listenTo, nextLine, type Running } from '../kit/private-libvirtd.ts';
import { inNetworkOf } from './namespaces.ts';

/**
 * Node cannot open packet sockets and the kernel may lack netem, so a few lines of Python stand in the path: a packet socket on every
 * port concerned, the time of arrival plus the delay, and a heap. Debian's own, because another one in the PATH may be a slow wrapper.
 */
export const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('relay.py', import.meta.url));

export interface RelaySettings {
  /** The devices between which it carries everything, each with the address of the machine at the other end. */
  readonly ports: readonly { name: string; mac: string }[];
  /** How it carries between two of them; at once and all of it by default. */
  readonly links: readonly { a: string; b: string; delayMs: number; jitterMs: number; lossRatio: number }[];
}

/** The process that carries what the switch does not; it runs only while there is something to carry. */
export class Relay {
  readonly #switchPid: number;
  #running: Running | undefined;

  constructor(switchPid: number) {
    this.#switchPid = switchPid;
  }

  /** The relay's process, while it runs. */
  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  async configure(settings: RelaySettings): Promise<void> {
    if (settings.ports.length === 0) return this.stop();
    const running = this.#running && !hasEnded(this.#running) ? this.#running : this.#start();
    this.#running = running;
    running.child.stdin.write(`${JSON.stringify(settings)}\n`);
    const answer = await nextLine(running, 'the relay');
    if (answer !== 'ok') throw new Error(`The relay answered: ${answer}`);
  }

  #start(): Running {
    const [nsenter, ...args] = inNetworkOf(this.#switchPid);
    return listenTo(spawn(nsenter, [...args, PYTHON, SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** It ends by itself when its stdin does, so it never outlives this process. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running || hasEnded(running)) return;
    const exited = once(running.child, 'exit');
    running.child.stdin.end();
    await exited;
  }
}
