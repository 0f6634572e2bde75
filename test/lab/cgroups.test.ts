import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connect, DomainModificationImpact, ParameterName } from 'node-libvirt';
import { surveyCgroups } from './cgroups.ts';
import { startLab } from './lab.ts';

const { missing } = await surveyCgroups();
const groupsOf = (labName: string): string[] => globSync(`/sys/fs/cgroup/*/${labName}-*`);

test('what of the control groups cannot be used is told by name, with the reason', async () => {
  const { hierarchies, missing } = await surveyCgroups();
  const usable = hierarchies.flatMap(({ controllers }) => controllers.split(','));
  for (const controller of ['cpu', 'cpuacct', 'cpuset', 'blkio', 'memory'] as const)
    expect(usable.includes(controller) || missing[controller]).toBeTruthy();
});

test("a host limits a guest's processor time by the quota that libvirt is told, and its groups go with the lab", async ({ skip }) => {
  if (missing.cpu !== undefined) skip(`the controller cpu ${missing.cpu}`);
  let name = '';
  {
    await using lab = await startLab({ hosts: 2 });
    name = lab.name;
    const guest = await lab.guest({ host: 'h1', name: 'busy', diskBytes: 0 });
    await using conn = await connect(lab.host('h1').uri);
    const domain = await conn.domainLookupByName('busy');
    const spin = guest.burn('cpu 3 100');
    const quota = { [ParameterName.DOMAIN_SCHEDULER_VCPU_PERIOD]: 100_000, [ParameterName.DOMAIN_SCHEDULER_VCPU_QUOTA]: 20_000 };
    await domain.setSchedulerParameters(quota, DomainModificationImpact.AFFECT_LIVE);
    const before = (await domain.getInfo()).cpuTimeNs;
    await sleep(2000);
    const usedSeconds = Number((await domain.getInfo()).cpuTimeNs - before) / 1e9;
    await spin;
    console.log(`a fifth of a processor for 2 s: ${usedSeconds.toFixed(2)} s`);
    expect(usedSeconds).toBeLessThan(0.8);
    const [path = ''] = globSync(`/sys/fs/cgroup/*/${name}-*/h1/machine/*/vcpu0/cpu.cfs_quota_us`);
    expect((await readFile(path, 'utf8')).trim()).toBe('20000');
    expect(Number(/nr_throttled (\d+)/.exec(await readFile(join(dirname(path), 'cpu.stat'), 'utf8'))?.[1])).toBeGreaterThan(0);

    // A power failure leaves no group of a dead guest.
    await lab.host('h1').crash();
    await lab.host('h1').up();
    expect(globSync(`/sys/fs/cgroup/*/${name}-*/h1/machine/*`)).toEqual([]);
    expect(groupsOf(name)).not.toEqual([]);
  }
  expect(groupsOf(name)).toEqual([]);
});
