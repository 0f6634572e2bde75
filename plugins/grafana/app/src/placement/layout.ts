import { figure, text, type Row } from '../hub/rows.ts';

export interface Block {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /** Of the row's width, 0 .. 1. */
  readonly share: number;
  readonly amount: number;
}

export interface HostRow {
  readonly name: string;
  readonly state: string;
  readonly capacity: number;
  /** Given to VMs that run; may be more than there is. */
  readonly given: number;
  readonly blocks: readonly Block[];
}

export type Measure = 'memory' | 'cpu';

const AMOUNT = { memory: { host: 'memoryBytes', vm: 'memoryBytes' }, cpu: { host: 'cpus', vm: 'vcpus' } } as const;

/** Only these hold memory and CPUs. */
const HOLDS = new Set(['running', 'paused', 'shutting-down', 'creating']);

/** Each host with its VMs as blocks, the biggest first. A host that gave more than it has is scaled down to fit. */
export function layOut(hosts: readonly Row[], vms: readonly Row[], by: Measure): HostRow[] {
  return hosts.map((host) => {
    const capacity = figure(host, AMOUNT[by].host);
    const own = vms.filter((vm) => text(vm, 'host') === text(host, 'id') && HOLDS.has(text(vm, 'state')));
    const given = own.reduce((sum, vm) => sum + figure(vm, AMOUNT[by].vm), 0);
    const whole = Math.max(capacity, given, 1);
    const blocks = own.map((vm) => {
      const amount = figure(vm, AMOUNT[by].vm);
      return { id: text(vm, 'id'), name: text(vm, 'name'), state: text(vm, 'state'), amount, share: amount / whole };
    });
    return {
      name: text(host, 'name'),
      state: text(host, 'state'),
      capacity,
      given,
      blocks: blocks.toSorted((a, b) => b.amount - a.amount),
    };
  });
}
