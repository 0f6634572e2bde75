import { expect, test } from 'vitest';
import { Inventory, type VmEntry } from '../../../plugins/hypervisor/inventory.ts';
import { entryOfRow, isHeld, judge } from '../../../plugins/hypervisor/judge.ts';
import { expiredTrash } from '../../../plugins/hypervisor/trash-sweeper.ts';
import { domainXml } from '../../../plugins/hypervisor/domain-xml.ts';
import { parseDomain } from '../../../plugins/hypervisor/domain-parse.ts';
import type { Trash } from '../../../plugins/hypervisor/metadata.ts';
import type { VmRow } from '../../../plugins/hypervisor/store.ts';
import { codeOf } from '../../kit/collect.ts';

const row = (id: string, name: string, tenant = 'default'): VmRow => ({
  id,
  host: 'h1',
  tenant,
  name,
  domainName: name,
  state: 'present',
  vcpus: 1,
  memoryBytes: 2 ** 27,
  disks: [{ device: 'vda', kind: 'disk', path: '/p/a', format: 'qcow2' }],
  heldUntil: null,
});
const trashed = (entry: VmEntry, at: number): VmEntry => ({ ...entry, state: 'trashed', trash: { at, wasRunning: true, job: 'j' } });
const inventoryOf = (...entries: VmEntry[]): Inventory => {
  const inventory = new Inventory();
  for (const entry of entries) inventory.put(entry);
  return inventory;
};

test('a name of another tenant is not found, nor is its id', () => {
  const inventory = inventoryOf(entryOfRow(row('a', 'web', 'red'), 'running'));
  expect(inventory.find('web', 'blue')).toBeUndefined();
  expect(inventory.find('a', 'blue')).toBeUndefined();
  expect(inventory.find('red/web', 'blue')).toBeUndefined();
  expect(inventory.find('web', 'red')?.id).toBe('a');
});

test('a name that several tenants have must be written in full, unless one of them is the default', async () => {
  const inventory = inventoryOf(entryOfRow(row('a', 'web', 'red'), 'running'), entryOfRow(row('b', 'web', 'blue'), 'running'));
  expect(await codeOf(Promise.resolve().then(() => inventory.find('web', null)))).toBe('vm_name_ambiguous');
  expect(inventory.find('blue/web', null)?.id).toBe('b');
  inventory.put(entryOfRow(row('c', 'web'), 'running'));
  expect(inventory.find('web', null)?.id).toBe('c');
});

test('a VM in the trash is found by name only while no other has the name', () => {
  const inventory = inventoryOf(
    trashed(entryOfRow(row('old', 'web'), 'shut-off'), 1),
    trashed(entryOfRow(row('newer', 'web'), 'shut-off'), 2),
  );
  expect(inventory.find('web', 'default')?.id).toBe('newer');
  inventory.put(entryOfRow(row('live', 'web'), 'running'));
  expect(inventory.find('web', 'default')?.id).toBe('live');
  expect(inventory.find('trash/web', 'default')?.id).toBe('newer');
});

const ID = '11111111-2222-8333-8444-555555555555';
const seen = (trash: Trash | null = null) => ({
  parsed: parseDomain(
    domainXml({
      domainName: 'web',
      metadata: { id: ID, name: 'web', tenant: 'default', owner: null, image: null, tags: [], createdAt: 5, trash },
      vcpus: 1,
      memoryBytes: 2 ** 27,
      accelerator: 'tcg',
      boot: { is: 'disk' },
      disk: { path: '/p/a', format: 'qcow2' },
      network: { is: 'user' },
      consoleLogPath: '/p/log',
    }),
  ),
  state: 'running' as const,
  runId: 3,
});
const known = { host: 'h1', seen: seen(), before: undefined, now: 1000 };

test('a domain that the database does not know is recorded from its own note', () => {
  expect(judge({ ...known, row: undefined }).write).toMatchObject({
    is: 'insert',
    row: { id: ID, name: 'web', tenant: 'default', state: 'present' },
  });
});

test('a difference is shown and nothing is written over', () => {
  const { entry, write } = judge({ ...known, row: { ...row(ID, 'web'), vcpus: 4, memoryBytes: 2 ** 28 } });
  expect(write).toEqual({ is: 'nothing' });
  expect(entry.drift).toEqual([
    { field: 'vcpus', recorded: '4', actual: '1' },
    { field: 'memory', recorded: '256 MiB', actual: '128 MiB' },
  ]);
});

test('a VM that a job is at work on is left to the job', () => {
  const held = { ...row(ID, 'web'), vcpus: 4, state: 'reserved' as const, heldUntil: 2000 };
  expect(isHeld(held, 1000)).toBe(true);
  const { entry, write } = judge({ ...known, row: held });
  expect([entry.state, entry.drift, write]).toEqual(['running', [], { is: 'nothing' }]);
  expect(judge({ ...known, row: held, now: 3000 }).write).toEqual({ is: 'place', state: 'present' });
});

test('what the machine says of its trash counts, and one that runs nevertheless is told', () => {
  const { entry, write } = judge({ ...known, seen: seen({ at: 1, wasRunning: true, job: 'j' }), row: row(ID, 'web') });
  expect([entry.state, write]).toEqual(['trashed', { is: 'place', state: 'trashed' }]);
  expect(entry.drift).toContainEqual({ field: 'state', recorded: 'trashed', actual: 'running' });
});

test('since when it runs is known only when its start was seen', () => {
  const first = judge({ ...known, row: row(ID, 'web') }).entry;
  expect(first.startedAt).toBeNull();
  const same = judge({ ...known, row: row(ID, 'web'), before: first, now: 2000 }).entry;
  expect(same.startedAt).toBeNull();
  const again = judge({ ...known, seen: { ...seen(), runId: 4 }, row: row(ID, 'web'), before: same, now: 3000 }).entry;
  expect(again.startedAt).toBe(3000);
});

test('the trash is emptied after its time and not before', () => {
  const old = trashed(entryOfRow(row('old', 'a'), 'shut-off'), 0);
  const young = trashed(entryOfRow(row('young', 'b'), 'shut-off'), 86_400_000);
  expect(expiredTrash([old, young, entryOfRow(row('live', 'c'), 'running')], { now: 7.5 * 86_400_000, trashDays: 7 })).toEqual([old]);
});
