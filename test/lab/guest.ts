import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ErrorCode, LibvirtError, qemuProcedures, type Connection } from 'node-libvirt';
import { startEcho, type Echo, type EchoOptions } from './echo.ts';
import type { Lab } from './lab.ts';
import type { LabHost } from './machine.ts';

const AGENT_TIMEOUT_MS = 60_000;
/** How long a guest that moves may be seen on neither host. */
const NOWHERE_TIMEOUT_MS = 5000;
const POLL_MS = 50;
const GUEST_NUMBER_MIN = 20;

class NowhereError extends Error {
  override readonly name = 'NowhereError';
}

/** A guest, defined and up on one of the lab's hosts; it may move to another one. */
export class Guest {
  readonly name: string;
  /** On the lab's network, reached from all machines and guests. */
  readonly address: string;
  /** What its serial console says is written here, on whichever host it runs. */
  readonly consolePath: string;
  readonly #lab: Lab;

  constructor(lab: Lab, name: string, number: number) {
    this.#lab = lab;
    this.name = name;
    this.address = lab.addressOf(GUEST_NUMBER_MIN + number);
    this.consolePath = join(lab.dir, 'consoles', `${name}.log`);
  }

  /** The host on which it runs; throws when it runs nowhere. */
  async host(): Promise<LabHost> {
    for (const host of this.#lab.hosts.filter(({ isUp }) => isUp)) {
      await using conn = await connect(host.uri);
      if (await runsOn(conn, this.name)) return host;
    }
    throw new NowhereError(`The guest ${this.name} runs on no host of ${this.#lab.name}.`);
  }

  /** Runs a line of shell in the guest, through its agent, and returns what it printed when all of it has ended. */
  async shell(line: string): Promise<string> {
    const { pid } = await this.#agent<{ pid: number }>('guest-exec', { path: '/bin/sh', arg: ['-c', line], 'capture-output': true });
    for (;;) {
      const status = await this.#agent<ExecStatus>('guest-exec-status', { pid });
      if (!status.exited) {
        await sleep(POLL_MS);
        continue;
      }
      const [out, err] = [status['out-data'], status['err-data']].map((data) => Buffer.from(data ?? '', 'base64').toString());
      if (status.exitcode !== 0) throw new Error(`In guest ${this.name}, ${line}: exit code ${status.exitcode}\n${out}${err}`);
      return (out ?? '').trimEnd();
    }
  }

  /** Load, as the console of the image tiny makes it: `cpu SECONDS [PERCENT]`, `memory MIB SECONDS`, `disk MIB`. Resolves when it is over. */
  async burn(words: string): Promise<void> {
    const said = await this.shell(`echo 'burn ${words}' | /sbin/console`);
    const done = said.split('\n').find((line) => line.includes('done: burn'));
    if (done === undefined) throw new Error(`Guest ${this.name} did not do it: ${said}`);
  }

  /** Writes memory at this rate, over and over 16 MiB of it (image tiny). Resolves when it is over. */
  dirty(rateMibPerSecond: number, seconds: number): Promise<void> {
    return this.burn(`dirty ${rateMibPerSecond} ${seconds}`);
  }

  /** Sends numbered packets to the guest from the lab's client, until the result is asked for. */
  echo(options: EchoOptions = {}): Promise<Echo> {
    return startEcho(this.#lab.client, this.address, options);
  }

  /** Asks the agent until it answers: it may not be up yet, and the guest may be on its way from one host to another. */
  async #agent<T>(execute: string, args: object): Promise<T> {
    const cmd = JSON.stringify({ execute, arguments: args });
    const startedAt = performance.now();
    for (;;) {
      try {
        const host = await this.host();
        await using conn = await connect(host.uri);
        const dom = (await conn.domainLookupByName(this.name)).ref;
        const { result } = await conn.call(qemuProcedures.domainAgentCommand, { dom, cmd, timeout: 10, flags: 0 });
        return (JSON.parse(result ?? '{}') as { return: T }).return;
      } catch (error) {
        const mayPass = error instanceof NowhereError || (error instanceof LibvirtError && WITHOUT_EFFECT.includes(error.code));
        const patienceMs = error instanceof NowhereError ? NOWHERE_TIMEOUT_MS : AGENT_TIMEOUT_MS;
        if (!mayPass || performance.now() - startedAt > patienceMs) throw error;
        await sleep(POLL_MS);
      }
    }
  }
}

/** With these the agent did not get the command; only when it took longer than its 10 s nobody knows, and the command may run twice. */
const WITHOUT_EFFECT: readonly number[] = [
  ErrorCode.AGENT_UNRESPONSIVE,
  ErrorCode.AGENT_UNSYNCED,
  ErrorCode.OPERATION_INVALID,
  ErrorCode.NO_DOMAIN,
];

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly 'out-data'?: string;
  readonly 'err-data'?: string;
}

async function runsOn(conn: Connection, name: string): Promise<boolean> {
  try {
    return await (await conn.domainLookupByName(name)).isActive();
  } catch (error) {
    if (error instanceof LibvirtError && error.code === ErrorCode.NO_DOMAIN) return false;
    throw error;
  }
}
