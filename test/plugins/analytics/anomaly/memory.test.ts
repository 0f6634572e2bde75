import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observe } from '../../../../plugins/analytics/anomaly/detector.ts';
import { openMemory } from '../../../../plugins/analytics/anomaly/memory.ts';

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'novacron-memory-'))));
afterEach(() => rm(dir, { recursive: true, force: true }));

const limits = { seriesMax: 500 };
const file = (): string => join(dir, 'anomalies.state');

async function fill(series: number): Promise<void> {
  const memory = await openMemory(dir, limits);
  for (let i = 0; i < series; i++) observe(memory.stateOf('vm.cpuRatio', `vm-${i}`)!, { instant: 1000 + i, value: i });
  memory.through = 77;
  await memory.save();
}

it('comes back as it was saved', async () => {
  await fill(250);
  const again = await openMemory(dir, limits);
  expect([again.size, again.through]).toEqual([250, 77]);
  const state = again.stateOf('vm.cpuRatio', 'vm-249')!;
  const other = (await openMemory(join(dir, 'none'), limits)).stateOf('vm.cpuRatio', 'vm-249')!;
  observe(other, { instant: 1249, value: 249 });
  expect(state).toEqual(other);
});

it('begins anew when its file is torn or of another format', async () => {
  await fill(3);
  await truncate(file(), (await readFile(file())).length - 8);
  expect(await openMemory(dir, limits)).toMatchObject({ size: 0, through: 0 });
  await fill(3);
  const bytes = await readFile(file());
  await writeFile(file(), Buffer.from(bytes.toString('latin1').replace('"format":1', '"format":0'), 'latin1'));
  expect(await openMemory(dir, limits)).toMatchObject({ size: 0, through: 0 });
  await writeFile(file(), 'nonsense');
  expect(await openMemory(dir, limits)).toMatchObject({ size: 0, through: 0 });
});

it('takes no more series than it may, and forgets those that are gone', async () => {
  const memory = await openMemory(dir, { seriesMax: 2 });
  observe(memory.stateOf('vm.cpuRatio', 'a')!, { instant: 1000, value: 1 });
  observe(memory.stateOf('vm.cpuRatio', 'b')!, { instant: 5000, value: 1 });
  expect(memory.stateOf('vm.cpuRatio', 'c')).toBeUndefined();
  memory.forget(2000);
  expect(memory.size).toBe(1);
  expect(memory.stateOf('vm.cpuRatio', 'c')).toBeDefined();
});
