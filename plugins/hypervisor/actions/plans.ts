import type { Json, Plan } from 'novacron/plugin';
import type { VmEntry } from '../inventory.ts';
import { vmFacts } from '../facts.ts';
import type { Runtime } from '../runtime.ts';
import { formatAge, formatBytes } from '../sizes.ts';

export interface DiskFacts {
  readonly device: string;
  readonly path: string;
  /** Null when its host cannot say. */
  readonly capacityBytes: number | null;
}

/** Disks of a VM with their sizes, as far as its host says them. */
export async function diskFacts(runtime: Runtime, entry: VmEntry, signal: AbortSignal): Promise<DiskFacts[]> {
  const { disks } = await vmFacts(runtime, entry, signal);
  return disks.flatMap(({ kind, device, path, capacityBytes }) =>
    kind === 'disk' && path !== null ? [{ device, path, capacityBytes }] : [],
  );
}

export const diskSentence = (disks: readonly DiskFacts[]): string =>
  disks.length === 0
    ? 'It has no disk.'
    : `Its disks: ${disks.map(({ device, capacityBytes }) => `${device}${capacityBytes === null ? '' : ` (${formatBytes(capacityBytes)})`}`).join(', ')}.`;

/** How it is now; the time it has been running is said, but is no fact: it would differ at every look. */
export function stateSentence(runtime: Runtime, { name, state, host, startedAt }: VmEntry): string {
  const since = startedAt === null || state !== 'running' ? '' : `, for ${formatAge(runtime.clock.now() - startedAt)} now`;
  return `'${name}' is ${state} on host ${host}${since}.`;
}

/** A plan whose facts are the VM's name, its state and which run of the guest it is: after a restart people are asked again. */
export const planOf = (
  runtime: Runtime,
  entry: VmEntry,
  { sentences, facts = {} }: { sentences: readonly string[]; facts?: Record<string, Json> },
): Plan => ({
  sentences: [stateSentence(runtime, entry), ...sentences],
  facts: { name: entry.name, state: entry.state, host: entry.host, run: entry.runId, ...facts },
});
