import type { Actions, Actor } from 'novacron/plugin';
import { isTrashed, type VmEntry } from './inventory.ts';
import type { Runtime } from './runtime.ts';
import { sleep } from './wait.ts';

/** Who empties the trash: in the audit it is told apart from people. */
export const SWEEPER: Actor = { id: 'service:hypervisor-trash', name: 'trash sweeper', kind: 'service', role: 'admin', tenant: 'default' };

const SWEEP_MS = 10 * 60_000;
const FIRST_SWEEP_MS = 30_000;
const DAY_MS = 86_400_000;

/** Those whose time in the trash is over. */
export const expiredTrash = (vms: readonly VmEntry[], { now, trashDays }: { now: number; trashDays: number }): VmEntry[] =>
  vms.filter((vm) => isTrashed(vm) && vm.trash !== null && vm.trash.at + trashDays * DAY_MS <= now);

type Sweeping = Pick<Runtime, 'inventory' | 'clock' | 'log'> & { readonly config: Pick<Runtime['config'], 'trashDays'> };

/**
 * Purges through the one door, as a person would, so that it is queued behind whatever else happens to the VM, and audited. The question that
 * `destroy` asks is answered by the sweeper itself: the person who deleted the VM was told of this time.
 */
export async function sweepTrash(runtime: Sweeping, actions: Actions): Promise<void> {
  const { inventory, clock, config, log } = runtime;
  for (const vm of expiredTrash(inventory.all(), { now: clock.now(), trashDays: config.trashDays }))
    try {
      const call = { actor: SWEEPER, via: 'hub' } as const;
      // Several hubs may see it at once: the same key is the same call.
      const outcome = await actions.execute(
        'vm.delete',
        { vm: vm.id, purge: true },
        { ...call, key: `trash:${vm.id}:${vm.trash?.at ?? 0}` },
      );
      if (outcome.is === 'confirm' && outcome.confirmation.by === 'actor') await actions.confirm(outcome.confirmation.token, call);
    } catch (error) {
      log.warn({ err: error, vm: vm.id }, 'a VM could not be purged from the trash; it is tried again');
    }
}

/** Sweeps now and then until the signal fires. */
export async function keepSweeping(runtime: Sweeping, actions: Actions, signal: AbortSignal): Promise<void> {
  for (let pauseMs = FIRST_SWEEP_MS; !signal.aborted; pauseMs = SWEEP_MS) {
    await sleep(pauseMs, signal).catch(() => undefined);
    if (!signal.aborted) await sweepTrash(runtime, actions);
  }
}
