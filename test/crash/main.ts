import { libvirtHostMissing } from '../kit/libvirt-host.ts';
import { faultsOf, type Cell, type Fault } from './faults.ts';
import { CrashLab, type CellResult } from './lab.ts';
import type { ActionName } from './world.ts';

/** `npm run crash [-- --json] [vm.create|vm.delete|vm.restore …] [--only=hub-after]`: every fault in every step, on a hub and a hypervisor host of its own. */
const ACTIONS: readonly ActionName[] = ['vm.create', 'vm.delete', 'vm.restore'];

const nameOf = (fault: Fault): string =>
  fault.is === 'answer' ? `answer of ${fault.procedure}${fault.nth > 1 ? ` (${fault.nth})` : ''} lost` : NAMES[fault.is];
const NAMES = {
  'hub-before': 'hub killed before it',
  'hub-after': 'hub killed after it',
  libvirtd: 'libvirtd killed in it',
  qemu: 'QEMU killed in it',
  cancel: 'cancelled in it',
  'cancel-hub': 'cancelled in it, hub killed while taking back',
} as const;

const lineOf = ({ cell, end, ms, problems }: CellResult): string =>
  [
    cell.action.padEnd(11),
    cell.step.padEnd(9),
    nameOf(cell.fault).padEnd(48),
    end.padEnd(10),
    `${ms} ms`.padStart(9),
    problems.length === 0 ? '  converged' : `  NOT CONVERGED: ${problems.join('; ')}`,
  ].join(' ');

async function matrix(actions: readonly ActionName[]): Promise<CellResult[]> {
  await using lab = await CrashLab.start();
  const results: CellResult[] = [];
  for (const action of actions) {
    const all = [...(await lab.observe(action))].flatMap(([step, seen]) => faultsOf(seen).map((fault): Cell => ({ action, step, fault })));
    for (const cell of all.filter(({ fault }) => only === undefined || fault.is === only)) {
      const result = await lab.run(cell);
      console.log(lineOf(result));
      results.push(result);
    }
  }
  return results;
}

const missing = libvirtHostMissing();
const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length);
const chosen = ACTIONS.filter((action) => process.argv.includes(action));
if (missing === null) {
  const results = await matrix(chosen.length > 0 ? chosen : ACTIONS);
  const converged = results.filter(({ problems }) => problems.length === 0).length;
  const ok = converged === results.length;
  if (!ok) process.exitCode = 1;
  console.log(`${converged} of ${results.length} converged.`);
  const worstMs = Math.max(...results.map(({ ms }) => ms));
  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ crash: ok ? 'ok' : 'failed', cells: results.length, converged, worstMs }));
} else {
  console.error(`The crash matrix needs a hypervisor host: ${missing}.`);
  process.exitCode = 1;
}
