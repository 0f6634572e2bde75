import type { SeenDomain } from './domains.ts';
import type { Drift, VmEntry } from './inventory.ts';
import { formatBytes } from './sizes.ts';
import type { RowState, VmRow } from './store.ts';

/** What a look at the host says about a VM, beside what was recorded. */
export interface Judgement {
  readonly entry: VmEntry;
  /** What to write: a row for a VM that the database does not know, or where an old row's VM is and how. */
  readonly write:
    | { readonly is: 'nothing' }
    | { readonly is: 'insert'; readonly row: VmRow }
    | { readonly is: 'place'; readonly state: RowState };
}

export interface Known {
  readonly host: string;
  readonly seen: SeenDomain;
  readonly row: VmRow | undefined;
  readonly before: VmEntry | undefined;
  readonly now: number;
}

export const isHeld = (row: VmRow | undefined, now: number): boolean => row?.heldUntil != null && row.heldUntil > now;

/** Compares a domain with its row. Pure: what is to be written is said, not done; drift is shown and never overwritten. */
export function judge(known: Known): Judgement {
  const { host, seen, row, now } = known;
  const { metadata } = seen.parsed;
  if (metadata === null) return { entry: foreignEntry(known), write: { is: 'nothing' } };
  const held = isHeld(row, now);
  const trashed = metadata.trash !== null && !held;
  const entry: VmEntry = {
    ...figuresOf(known),
    name: row?.name ?? metadata.name,
    tenant: row?.tenant ?? metadata.tenant,
    tags: metadata.tags,
    owner: metadata.owner,
    state: trashed ? 'trashed' : seen.state,
    managed: true,
    image: metadata.image,
    createdAt: metadata.createdAt,
    trash: metadata.trash,
    drift: row && !held ? driftOf(row, seen) : [],
  };
  const wanted: RowState = trashed ? 'trashed' : 'present';
  if (row === undefined) return { entry, write: { is: 'insert', row: rowOf(entry, wanted) } };
  const placed = held || (row.state === wanted && row.host === host);
  return { entry, write: placed ? { is: 'nothing' } : { is: 'place', state: wanted } };
}

function figuresOf({ host, seen, before, now }: Known) {
  const { parsed, runId } = seen;
  const { vcpus, memoryBytes, disks } = parsed;
  // A run that began before the hub looked for the first time began at a time that nobody told us.
  const startedAt = runId === -1 ? null : before?.runId === runId ? before.startedAt : before ? now : null;
  return {
    id: parsed.id,
    host,
    vcpus,
    memoryBytes,
    domainName: parsed.domainName,
    definition: { vcpus, memoryBytes, disks },
    networks: parsed.networks,
    consoleLogPath: parsed.consoleLogPath,
    startedAt,
    runId,
  };
}

const foreignEntry = (known: Known): VmEntry => ({
  ...figuresOf(known),
  name: known.seen.parsed.domainName,
  tenant: null,
  tags: [],
  owner: null,
  state: known.seen.state,
  managed: false,
  image: null,
  createdAt: null,
  trash: null,
  drift: [],
});

/** What is recorded when the hub takes the host's word. */
export const rowOf = (entry: VmEntry, state: RowState): VmRow => ({
  id: entry.id,
  host: entry.host,
  tenant: entry.tenant ?? '',
  name: entry.name,
  domainName: entry.domainName,
  state,
  ...entry.definition,
  heldUntil: null,
});

/** A VM of which only the row is known: its host is away, or no longer has it, or is about to get it. */
export const entryOfRow = (row: VmRow, state: VmEntry['state']): VmEntry => ({
  id: row.id,
  name: row.name,
  tenant: row.tenant,
  tags: [],
  owner: null,
  host: row.host,
  state,
  vcpus: row.vcpus,
  memoryBytes: row.memoryBytes,
  managed: true,
  domainName: row.domainName,
  definition: { vcpus: row.vcpus, memoryBytes: row.memoryBytes, disks: row.disks },
  networks: [],
  consoleLogPath: null,
  image: null,
  createdAt: null,
  trash: null,
  drift: [],
  startedAt: null,
  runId: -1,
});

function driftOf(row: VmRow, { parsed, state }: SeenDomain): Drift[] {
  const { metadata } = parsed;
  const disksText = (disks: VmRow['disks']): string => disks.map(({ device, path }) => `${device}=${path ?? 'empty'}`).join(' ') || 'none';
  const compared: readonly (readonly [string, string, string])[] = [
    ['name', row.name, metadata?.name ?? row.name],
    ['tenant', row.tenant, metadata?.tenant ?? row.tenant],
    ['domainName', row.domainName, parsed.domainName],
    ['vcpus', String(row.vcpus), String(parsed.vcpus)],
    ['memory', formatBytes(row.memoryBytes), formatBytes(parsed.memoryBytes)],
    ['disks', disksText(row.disks), disksText(parsed.disks)],
    ['state', 'trashed', metadata?.trash && state === 'running' ? state : 'trashed'],
  ];
  return compared.filter(([, recorded, actual]) => recorded !== actual).map(([field, recorded, actual]) => ({ field, recorded, actual }));
}
