import { HubError, ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { isOff, stateOf } from '../domains.ts';
import type { VmState } from '../port.ts';
import { vmRef } from '../names.ts';
import { domainAt, entryOf, hostOf, managedVm, runtimeOf, type HypervisorTools, type Runtime, type VmAddress } from '../runtime.ts';
import { ensureOff, ensureRunning, onDomain, shutDown, stateWrong, type DomainAt } from '../vm-ops.ts';
import { showVm, vmView, VmView } from '../views.ts';
import { planOf } from './plans.ts';

const Input = z.object({ vm: vmRef });

interface Power {
  readonly verb: string;
  readonly title: string;
  readonly label: string;
  readonly help: string;
  readonly risk: 'change' | 'disrupt';
  /** What it would mean to the guest. */
  readonly sentences?: readonly string[];
  readonly timeoutMs?: number;
  readonly done: string;
  act(at: DomainAt, signal: AbortSignal): Promise<void>;
}

/** Actions that differ only in what they do to the one domain. */
const power =
  ({ verb, sentences, done, act, ...declared }: Power) =>
  ({ action }: HypervisorTools): Action =>
    action({
      ...declared,
      input: Input,
      output: VmView,
      positional: ['vm'],
      examples: [`vm ${verb} web-1`],
      target: ({ vm }) => ref('vm', vm),
      ...(sentences && {
        plan: async (ctx) => {
          const runtime = runtimeOf(ctx);
          managedVm(runtime, ctx.target);
          return planOf(runtime, entryOf(runtime, ctx.target), { sentences });
        },
      }),
      async run(ctx) {
        const runtime = runtimeOf(ctx);
        const vm = await ctx.step('find', async () => managedVm(runtime, ctx.target));
        await ctx.step(verb, (signal) => act(domainAt(runtime, vm), signal));
        return ctx.step('look', () => look(runtime, vm));
      },
      show: showVm((vm) => `VM '${vm.name}' ${done}. It is ${vm.state}.`),
    });

/** What its host says now. */
export async function look(runtime: Runtime, vm: VmAddress): Promise<VmView> {
  const entry = await runtime.reconciler.refresh(hostOf(runtime, vm), vm.id);
  if (entry) return vmView(entry);
  throw new HubError('vm_gone', `Host '${vm.host}' does not have '${vm.name}' any more.`, { status: 404 });
}

/** A job lets go of a VM: from now on the reconciler decides about its row again, and looks at once; or when its host is back. */
export async function letGo(runtime: Runtime, vm: Pick<VmAddress, 'id' | 'host'>): Promise<void> {
  await runtime.store.release(vm.id);
  const link = hostOf(runtime, vm);
  if (link.status.state.is === 'connected') await runtime.reconciler.refresh(link, vm.id);
}

/** One call that fits one state only. In the wanted state already: nothing to do. */
const change = (at: DomainAt, { from, to, call }: { from: VmState; to: VmState; call: 'suspend' | 'resume' }): Promise<void> =>
  onDomain(at, async (domain) => {
    const state = await stateOf(domain);
    if (state === to) return;
    if (state !== from) throw stateWrong(at.name, state, `Only a VM that is ${from} can be ${call === 'suspend' ? 'paused' : 'resumed'}.`);
    await domain[call]();
  });

const nudge = (at: DomainAt, call: 'reboot' | 'reset', signal: AbortSignal): Promise<void> =>
  onDomain(at, async (domain) => {
    const state = await stateOf(domain);
    if (isOff(state)) throw stateWrong(at.name, state, `Start it instead: vm start ${at.name}`);
    signal.throwIfAborted();
    await domain[call]();
  });

export const startVm = power({
  verb: 'start',
  title: 'Start a VM',
  label: 'Start',
  help: 'Boots a VM that is off.',
  risk: 'change',
  timeoutMs: 150_000,
  done: 'was started',
  act: (at) => ensureRunning(at),
});

const SHUTDOWN_WAIT_MS = 60_000;

export const shutdownVm = power({
  verb: 'shutdown',
  title: 'Shut a VM down',
  label: 'Shut down',
  help: 'Asks the guest to shut down and waits up to a minute until it has.',
  risk: 'disrupt',
  sentences: ['The guest is asked to shut down: what runs in it ends in order.'],
  timeoutMs: SHUTDOWN_WAIT_MS + 30_000,
  done: 'was shut down',
  async act(at, signal) {
    if (await shutDown(at, { forMs: SHUTDOWN_WAIT_MS, signal })) return;
    const message = `'${at.name}' did not shut down within ${SHUTDOWN_WAIT_MS / 1000} s; it may not listen to its power button. To switch it off: vm stop ${at.name}`;
    throw new HubError('vm_shutdown_timeout', message, { status: 504 });
  },
});

export const stopVm = power({
  verb: 'stop',
  title: 'Switch a VM off at once',
  label: 'Switch off',
  help: 'Pulls the plug. To end what runs in it in order, use vm shutdown.',
  risk: 'disrupt',
  sentences: ['It is switched off at once, as if its plug were pulled: what the guest has not written to its disk is lost.'],
  timeoutMs: 60_000,
  done: 'was switched off',
  act: (at) => ensureOff(at),
});

export const rebootVm = power({
  verb: 'reboot',
  title: 'Restart a VM in order',
  label: 'Reboot',
  help: 'Asks the guest to shut down and starts it again.',
  risk: 'disrupt',
  sentences: ['The guest is asked to shut down and starts again: what runs in it is away until then.'],
  done: 'was asked to restart',
  act: (at, signal) => nudge(at, 'reboot', signal),
});

export const resetVm = power({
  verb: 'reset',
  title: 'Restart a VM at once',
  label: 'Reset',
  help: 'Presses the reset button. To restart in order, use vm reboot.',
  risk: 'disrupt',
  sentences: ['It starts again at once, as if its reset button were pressed: what the guest has not written to its disk is lost.'],
  done: 'was reset',
  act: (at, signal) => nudge(at, 'reset', signal),
});

export const pauseVm = power({
  verb: 'pause',
  title: 'Pause a VM',
  label: 'Pause',
  help: 'Freezes the guest where it is; its memory stays.',
  risk: 'disrupt',
  sentences: ['The guest stands still and does not answer until it is resumed.'],
  done: 'was paused',
  act: (at) => change(at, { from: 'running', to: 'paused', call: 'suspend' }),
});

export const resumeVm = power({
  verb: 'resume',
  title: 'Resume a paused VM',
  label: 'Resume',
  help: 'Lets a paused guest go on.',
  risk: 'change',
  done: 'was resumed',
  act: (at) => change(at, { from: 'paused', to: 'running', call: 'resume' }),
});
