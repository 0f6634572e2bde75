import { setTimeout as sleep } from 'node:timers/promises';
import { remoteProcedures } from 'node-libvirt';
import type { LibvirtHost } from '../kit/libvirt-host.ts';
import type { HubProcess, StepMessage } from './hub-process.ts';
import type { Proxy } from './proxy.ts';
import type { ActionName } from './world.ts';

export type Fault =
  | { readonly is: 'hub-before' }
  | { readonly is: 'hub-after' }
  /** SIGKILL of libvirtd while it is at work on the first call of the step. */
  | { readonly is: 'libvirtd' }
  /** SIGKILL of the guest's QEMU, as soon as it is there. */
  | { readonly is: 'qemu' }
  /** The nth call of a procedure since the beginning of the step is carried out and its answer is lost. */
  | { readonly is: 'answer'; readonly procedure: string; readonly nth: number }
  /** Cancelled at the beginning of the step: all is taken back. */
  | { readonly is: 'cancel' }
  /** The same, and the hub is killed while it takes this step back. */
  | { readonly is: 'cancel-hub' };

export interface Cell {
  readonly action: ActionName;
  readonly step: string;
  readonly fault: Fault;
}

/** What a step did in a run without faults. */
export interface StepSeen {
  readonly calls: Map<string, number>;
  guests: boolean;
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(remoteProcedures).map(([name, { number }]) => [number, name]));
/** How a connection is opened and kept; losing these is what losing the connection is. */
const HANDSHAKE = /^(authList|authPolkit|connectOpen|connectClose|connectSupportsFeature|connectDomainEvent.*)$/;
const CHANGES = /Create|Define|Undefine|Destroy|Delete|SetMetadata|Rename|Resize|Shutdown|Refresh|Suspend|Resume/i;

const DAEMON_AWAY_MS = 200;
const WATCH_MS = 10;

/** Makes one fault happen at its moment, or, without a fault, writes down what each step does. */
export class Faults {
  readonly #host: LibvirtHost;
  readonly #hub: () => HubProcess;
  readonly steps = new Map<string, StepSeen>();
  #cell: Cell | undefined;
  #step: string | undefined;
  #hitAt: number | undefined;
  #jobId: string | undefined;
  #counted = 0;
  #reached = false;
  #killedInUndo = false;
  #daemonBack: Promise<void> = Promise.resolve();
  #watching: Promise<void> | undefined;

  constructor({ host, proxy, hub }: { host: LibvirtHost; proxy: Proxy; hub: () => HubProcess }) {
    this.#host = host;
    this.#hub = hub;
    proxy.decide = ({ procedure }) => this.#decide(NAMES.get(procedure) ?? String(procedure));
  }

  arm(cell: Cell | undefined): void {
    this.#cell = cell;
    this.#hitAt = undefined;
    this.#jobId = undefined;
    this.#counted = 0;
    this.#reached = false;
    this.#killedInUndo = false;
    this.#step = undefined;
    this.steps.clear();
  }

  /** When the fault happened; undefined: it has not. */
  get hitAt(): number | undefined {
    return this.#hitAt;
  }

  get jobId(): string | undefined {
    return this.#jobId;
  }

  /** Resolves when libvirtd is there again, if it was killed. */
  get daemonBack(): Promise<void> {
    return this.#daemonBack;
  }

  async onStep({ phase, step, jobId }: StepMessage): Promise<void> {
    this.#jobId ??= jobId;
    if (phase === 'undo') return this.#atUndo();
    if (phase === 'before' && step === this.#cell?.step) this.#reached = true;
    this.#step = phase === 'before' ? step : undefined;
    const seen = this.#seen(step);
    if (this.#cell === undefined) seen.guests ||= (await this.#host.guests()).length > 0;
    else if (this.#cell.step === step && this.#hitAt === undefined) await this.#at(phase, this.#cell.fault);
    await (phase === 'after' ? this.#watching : undefined);
  }

  /** The first step that is taken back is the one in which it was cancelled, or the last one before it that can be. */
  async #atUndo(): Promise<void> {
    if (this.#cell?.fault.is !== 'cancel-hub' || this.#killedInUndo) return;
    this.#killedInUndo = true;
    this.#hit();
    await this.#hub().kill();
  }

  async #at(phase: 'before' | 'after', fault: Fault): Promise<void> {
    if (fault.is === `hub-${phase}`) {
      this.#hit();
      await this.#hub().kill();
    }
    if ((fault.is === 'cancel' || fault.is === 'cancel-hub') && phase === 'before') {
      this.#hit();
      await this.#hub().ask({ is: 'cancel', id: this.#jobId ?? '' });
    }
    if (fault.is === 'libvirtd' && phase === 'after') this.#killDaemon();
    if (fault.is === 'qemu' && phase === 'before') this.#watching = this.#killGuest();
  }

  #decide(procedure: string): 'forward' | 'lose-answer' {
    if (this.#step !== undefined) {
      const { calls } = this.#seen(this.#step);
      calls.set(procedure, (calls.get(procedure) ?? 0) + 1);
    }
    const fault = this.#cell?.fault;
    if (!this.#reached || this.#hitAt !== undefined) return 'forward';
    if (fault?.is === 'libvirtd' && this.#step === this.#cell?.step) this.#killDaemon();
    // The reconciler asks as well, at moments of its own: a question that does not come in this step comes later.
    if (fault?.is !== 'answer' || fault.procedure !== procedure || ++this.#counted !== fault.nth) return 'forward';
    this.#hit();
    return 'lose-answer';
  }

  #seen(step: string): StepSeen {
    const seen = this.steps.get(step) ?? { calls: new Map<string, number>(), guests: false };
    this.steps.set(step, seen);
    return seen;
  }

  #hit(): void {
    this.#hitAt = performance.now();
  }

  #killDaemon(): void {
    this.#hit();
    this.#daemonBack = (async () => {
      await this.#host.kill();
      await sleep(DAEMON_AWAY_MS);
      await this.#host.restart();
    })();
  }

  /** Until the step is over there may be one. */
  async #killGuest(): Promise<void> {
    const step = this.#step;
    while (this.#step === step && this.#hitAt === undefined) {
      const [guest] = await this.#host.guests();
      if (guest === undefined) await sleep(WATCH_MS);
      else {
        this.#hit();
        await this.#host.killQemu(guest).catch(() => undefined);
      }
    }
    this.#watching = undefined;
  }
}

/** All faults that make sense in a step, given what it did without one. */
export function faultsOf({ calls, guests }: StepSeen): Fault[] {
  const answers = [...calls]
    .filter(([procedure]) => !HANDSHAKE.test(procedure))
    .flatMap(([procedure, count]) =>
      // A question that is asked again is the same question; a change that is made again is another change.
      Array.from({ length: CHANGES.test(procedure) ? count : 1 }, (_, at): Fault => ({ is: 'answer', procedure, nth: at + 1 })),
    );
  return [
    { is: 'hub-before' },
    { is: 'hub-after' },
    { is: 'libvirtd' },
    ...(guests ? [{ is: 'qemu' } as const] : []),
    ...answers,
    { is: 'cancel' },
    { is: 'cancel-hub' },
  ];
}
