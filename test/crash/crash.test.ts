import { afterAll, beforeAll, expect, test } from 'vitest';
import { libvirtHostMissing } from '../kit/libvirt-host.ts';
import { faultsOf, type Fault, type StepSeen } from './faults.ts';
import { CrashLab } from './lab.ts';

// One fault a step; `npm run crash` makes every fault in every step.
const TIMEOUT_MS = 300_000;
const KINDS = ['answer', 'hub-after', 'cancel-hub', 'libvirtd', 'qemu', 'hub-before', 'cancel'] as const;

/** Another kind for each step; the last question of a step is the one that changes something. */
function faultFor(seen: StepSeen, at: number): Fault {
  const faults = faultsOf(seen);
  const kinds = [...KINDS.slice(at % KINDS.length), ...KINDS];
  const kind = kinds.find((each) => faults.some((fault) => fault.is === each));
  return faults.findLast((fault) => fault.is === kind) ?? { is: 'hub-before' };
}

let lab: CrashLab;

beforeAll(async () => {
  const missing = libvirtHostMissing();
  if (missing !== null) throw new Error(`The crash matrix needs a hypervisor host: ${missing}.`);
  lab = await CrashLab.start();
}, TIMEOUT_MS);
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
}, TIMEOUT_MS);

test.each(['vm.create', 'vm.delete', 'vm.restore'] as const)(
  '%s ends in one legal state with nothing left over, whatever dies in a step',
  async (action) => {
    const steps = [...(await lab.observe(action))];
    for (const [at, [step, seen]] of steps.entries()) {
      const { cell, problems } = await lab.run({ action, step, fault: faultFor(seen, at) });
      expect({ cell, problems }).toEqual({ cell, problems: [] });
    }
  },
  TIMEOUT_MS,
);
