import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ErrorCode, LibvirtError, qemuProcedures, type Connection } from 'node-libvirt';
import { TINY_MEMORY_BYTES_MIN, TINY_READY } from '../../core/setup/tiny-image.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import { startEcho, type Echo, type EchoOptions } from './echo.ts';
import type { Lab } from './lab.ts';
import type { LabHost } from './machine.ts';

export interface GuestOptions {
  /** The host it starts on. */
  readonly host: string;
  /** Unique in the lab; lower-case letters, digits and dashes. */
  readonly name: string;
  /** Default, and least, 96 MiB. */
  readonly memoryBytes?: number;
  /** Default 64 MiB; 0 for no disk. */
  readonly diskBytes?: number;
}

const BOOT_TIMEOUT_MS = 120_000;
const AGENT_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const GUEST_NUMBER_MIN = 20;
const GUESTS_MAX = 200;

class NowhereError extends Error {
  override readonly name = 'NowhereError';
}

/** A guest of the built-in image tiny, defined and up on one of the lab's hosts; it may move to another one. */
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

  /** Load, as the image's console makes it: `cpu SECONDS [PERCENT]`, `memory MIB SECONDS`, `disk MIB`. Resolves when it is over. */
  async burn(words: string): Promise<void> {
    const said = await this.shell(`echo 'burn ${words}' | /sbin/console`);
    const done = said.split('\n').find((line) => line.includes('done: burn'));
    if (done === undefined) throw new Error(`Guest ${this.name} did not do it: ${said}`);
  }

  /** Writes memory at this rate, over and over 16 MiB of it. Resolves when it is over. */
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
    const endsAt = Date.now() + AGENT_TIMEOUT_MS;
    for (;;) {
      try {
        const host = await this.host();
        await using conn = await connect(host.uri);
        const dom = (await conn.domainLookupByName(this.name)).ref;
        const { result } = await conn.call(qemuProcedures.domainAgentCommand, { dom, cmd, timeout: 10, flags: 0 });
        return (JSON.parse(result ?? '{}') as { return: T }).return;
      } catch (error) {
        const mayPass = error instanceof NowhereError || (error instanceof LibvirtError && WITHOUT_EFFECT.includes(error.code));
        if (!mayPass || Date.now() > endsAt) throw error;
        await sleep(POLL_MS);
      }
    }
  }
}

/** The agent did not get the command, or (unsynced, unresponsive) was not able to take it. */
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

/** Defines a guest, starts it and waits until it is up. `number` is its own in the lab, from 0. */
export async function startGuest(lab: Lab, number: number, options: GuestOptions): Promise<Guest> {
  const { host: hostName, name, memoryBytes = TINY_MEMORY_BYTES_MIN, diskBytes = 64 * 1024 * 1024 } = options;
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`A guest cannot be called '${name}': lower-case letters, digits and dashes.`);
  if (number >= GUESTS_MAX) throw new Error(`A lab has addresses for ${GUESTS_MAX} guests.`);
  const host = lab.host(hostName);
  const guest = new Guest(lab, name, number);
  const diskPath = join(lab.pool.path, `${name}.qcow2`);
  if (diskBytes > 0) await host.run(['qemu-img', 'create', '-q', '-f', 'qcow2', diskPath, String(diskBytes)]);
  await rm(guest.consolePath, { force: true });
  await using conn = await connect(host.uri);
  const xml = await domainXml({ lab, guest, number, memoryBytes, diskPath: diskBytes > 0 ? diskPath : null });
  await (await conn.domainDefineXML(xml)).create(0, { timeoutMs: BOOT_TIMEOUT_MS });
  await untilUp(guest);
  return guest;
}

async function untilUp({ name, consolePath }: Guest): Promise<void> {
  const endsAt = Date.now() + BOOT_TIMEOUT_MS;
  for (;;) {
    const said = await readFile(consolePath, 'utf8').catch(() => '');
    if (said.includes(`${TINY_READY} `)) return;
    if (Date.now() > endsAt) throw new Error(`Guest ${name} did not come up in ${BOOT_TIMEOUT_MS / 1000} s. Its console says:\n${said}`);
    await sleep(POLL_MS);
  }
}

interface Plan {
  readonly lab: Lab;
  readonly guest: Guest;
  readonly number: number;
  readonly memoryBytes: number;
  readonly diskPath: string | null;
}

/** Everything in it is a name that was checked, a number, or a path of the lab's own. The log is appended to, so that a move does not cut it off. */
async function domainXml({ lab, guest, number, memoryBytes, diskPath }: Plan): Promise<string> {
  const image = await tinyImage();
  const mac = `52:54:00:4d:${[lab.number, number].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
  const disk =
    diskPath === null
      ? ''
      : `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${diskPath}'/><target dev='vda' bus='virtio'/></disk>`;
  return `<domain type='qemu'><name>${guest.name}</name><memory unit='b'>${memoryBytes}</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>${image.kernelPath}</kernel><initrd>${image.initrdPath}</initrd>
<cmdline>${image.commandLine} tiny.name=${guest.name} tiny.address=${guest.address}/24</cmdline></os>
<features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
<on_crash>destroy</on_crash>
<devices>${disk}
<interface type='bridge'><mac address='${mac}'/><source bridge='br0'/><model type='virtio'/><rom enabled='no'/></interface>
<serial type='pty'><log file='${guest.consolePath}' append='on'/></serial>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<memballoon model='virtio'><stats period='2'/></memballoon>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
}
