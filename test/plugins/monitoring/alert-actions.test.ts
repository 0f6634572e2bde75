import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definePlugin, type Json, type Role } from 'novacron/plugin';
import monitoring from '../../../plugins/monitoring/index.ts';
import { Rules } from '../../../plugins/monitoring/port.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createFakeHypervisor, hostScrape, vmScrape } from './fake-hypervisor.ts';

interface Line {
  readonly id: string;
  readonly state: string;
}
interface Previewed {
  readonly sentence: string;
  readonly count: number;
  readonly things: number;
  readonly firings: readonly { readonly name: string; readonly from: number; readonly to: number | null; readonly worst: number | null }[];
}

const FILE = `
rules:
  from-a-file:
    title: From a file
    severity: info
    metric: vm.vcpus
    condition: { is: threshold, above: 1 }
`;

/** Bad in the second half of every day, for everything. */
const moon = definePlugin({ name: 'moon', api: 1, config: z.object({}), needs: { rules: Rules }, provides: {} }, () => ({
  start({ services, defer }) {
    const withdraw = services.rules.offer({
      kind: 'moon',
      everySeconds: 1,
      settings: { validate: (value) => (value === 'full' ? { ok: true, value } : { ok: false, reason: 'only full is known' }) },
      judge: async ({ targets }, at) =>
        targets.map((subject) => ({
          subject,
          verdict: at % 86_400_000 < 43_200_000 ? 'good' : 'bad',
          summary: `${subject.name} is in the moon`,
          values: { phase: 1 },
        })),
    });
    defer(withdraw);
    return {};
  },
}));

describe('alert rules over the door', () => {
  let hub: TestHub;
  let folder: string;
  let file: string;
  const start = Date.now();
  const HOUR = 3_600_000;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'novacron-alerts-'));
    file = join(folder, 'rules.yaml');
    await writeFile(file, FILE);
    const { plugin } = createFakeHypervisor({
      hosts: ['h1'],
      vms: { mine: 'default', theirs: 'other' },
      scrape: async () => hostScrape(Date.now(), [vmScrape('mine'), vmScrape('theirs')]),
    });
    hub = await startTestHub({
      plugins: [plugin, moon, { plugin: monitoring, config: { everySeconds: 1, rules: { everySeconds: 1, file } } }],
    });
    // A week of one sample a minute: 'mine' is busy for half an hour on three days.
    const rows = ['at,entity,cpuRatio'];
    for (let at = start - 7 * 24 * HOUR; at < start - HOUR; at += 60_000) {
      const day = Math.floor((start - at) / (24 * HOUR));
      const isBusy = [1, 3, 5].includes(day) && (start - at) % (24 * HOUR) < HOUR / 2;
      rows.push(`${at},mine,${isBusy ? 0.95 : 0.2}`, `${at},theirs,0.99`);
    }
    const csv = join(folder, 'vm.csv');
    await writeFile(csv, rows.join('\n'));
    await hub.run('metrics.import', { table: 'vm', file: csv });
  });
  afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const as = (role: Role, tenant = 'default') => hub.as(role, tenant);
  const read = async (id: string, input: object, actor = as('viewer')): Promise<Json> => {
    const outcome = await hub.actions.execute(id, input, { actor, via: 'http' });
    if (outcome.is !== 'done') throw new Error(outcome.is);
    return outcome.output;
  };
  const list = async (actor = as('viewer'), input = {}) =>
    ((await read('alert.list', input, actor)) as unknown as { rules: readonly Line[] }).rules;
  const stateOf = async (id: string, actor = as('admin')) => (await list(actor)).find((line) => line.id === id)?.state;
  const until = async (id: string, state: string | RegExp) => expect.poll(() => stateOf(id), { timeout: 20_000 }).toMatch(state);

  test('the rules that are shipped can all be judged', async () => {
    const shipped = (await list(as('admin'))).filter(({ id }) => id.startsWith('monitoring.'));
    expect(shipped.length).toBeGreaterThanOrEqual(5);
    expect(shipped.filter(({ state }) => state === 'cannot be judged')).toEqual([]);
  });

  test('a preview says how often it would have fired, when, how long and at which values', async () => {
    const input = { name: 'busy', metric: 'vm.cpuRatio', above: 0.9, for: '5m' };
    const preview = (await read('alert.preview', input)) as unknown as Previewed;
    expect(preview.count).toBe(3);
    expect(preview.things).toBe(1);
    expect(preview.sentence).toMatch(/^Would have fired 3 times in the last 7 days, on 1 of 1 things: name-of-mine on /);
    for (const { name, from, to, worst } of preview.firings) {
      expect(name).toBe('name-of-mine');
      expect(((to ?? 0) - from) / 60_000).toBeGreaterThan(10);
      expect(((to ?? 0) - from) / 60_000).toBeLessThan(40);
      expect(worst).toBe(0.95);
    }
    const all = (await read('alert.preview', input, as('admin'))) as unknown as Previewed;
    expect(all.things).toBe(2);
    const calm = (await read('alert.preview', { ...input, above: 0.96 })) as unknown as Previewed;
    expect(calm.sentence).toMatch(/^Would not have fired/);
  });

  test('a preview knows the day before, silence, and percentiles', async () => {
    const preview = async (input: object) =>
      (await read('alert.preview', { name: 'x', metric: 'vm.cpuRatio', ...input })) as unknown as Previewed;
    // Days 1, 3 and 5 are busy, the days before them are not.
    expect((await preview({ is: 'past', above: 3, ago: '1d', window: '5m' })).count).toBe(3);
    // The history ends an hour ago, then the fake host begins to answer.
    expect((await preview({ is: 'absence', after: '30m' })).count).toBe(1);
    expect((await preview({ above: 0.9, aggregate: 'p95', window: '10m' })).count).toBe(3);
    expect((await preview({ above: 0.5, aggregate: 'p50', window: '2h' })).count).toBe(0);
    const shown = (await read('alert.history', { rule: 'monitoring.vm-vanished', days: 1 })) as unknown as Previewed;
    expect(shown.sentence).toMatch(/in the last 24 h/);
  });

  test('a rule is shown on the past before it is saved, fires, is seen by its tenant only, and goes', async () => {
    const input = { name: 'many-cpus', metric: 'vm.vcpus', above: 1 };
    const asked = await hub.actions.execute('alert.create', input, { actor: as('operator'), via: 'http' });
    if (asked.is !== 'confirm') throw new Error(asked.is);
    expect(asked.confirmation.plan.sentences[0]).toBe('many-cpus (warning): vm.vcpus: above 1.');
    expect(asked.confirmation.plan.sentences[1]).toMatch(/^Would/);
    await hub.end(await hub.actions.confirm(asked.confirmation.token, { actor: as('operator'), via: 'http' }));
    await until('default:many-cpus', 'firing (1)');
    expect((await list()).map(({ id }) => id)).toContain('default:many-cpus');
    expect((await list(as('operator', 'other'))).map(({ id }) => id)).not.toContain('default:many-cpus');
    await expect(read('alert.show', { rule: 'default:many-cpus' }, as('viewer', 'other'))).rejects.toMatchObject({
      code: 'alert_unknown',
    });
    const shown = (await read('alert.show', { rule: 'many-cpus' })) as { active: readonly Json[]; rule: Json };
    expect(shown).toMatchObject({ active: [{ kind: 'vm', id: 'mine', state: 'firing' }], rule: { metric: 'vm.vcpus' } });
    await expect(hub.run('alert.create', input, as('operator'))).rejects.toMatchObject({ code: 'alert_name_taken' });
    const incidents = async () => JSON.stringify(await read('incident.list', {}, as('operator')));
    await expect.poll(incidents, { timeout: 15_000 }).toContain('default:many-cpus');
    await hub.run('alert.disable', { rule: 'many-cpus', reason: 'a test' }, as('operator'));
    await until('default:many-cpus', 'off');
    await hub.run('alert.enable', { rule: 'many-cpus' }, as('operator'));
    await until('default:many-cpus', /firing/);
    await hub.run('alert.delete', { rule: 'many-cpus' }, as('operator'));
    expect(await stateOf('default:many-cpus')).toBeUndefined();
  });

  test.each([
    [{ name: 'x', metric: 'vm.nothing', above: 1 }, 'alert_invalid'],
    [{ name: 'x', metric: 'vm.vcpus' }, 'alert_invalid'],
    [{ name: 'x', metric: 'vm.vcpus', above: 1, below: 0 }, 'alert_invalid'],
    [{ name: 'x', metric: 'vm.vcpus', above: 1, resolveAt: 2 }, 'alert_invalid'],
    [{ name: 'x', metric: 'vm.vcpus', above: 1, aggregate: 'p95' }, 'alert_invalid'],
    [{ name: 'x', is: 'rate', metric: 'vm.vcpus', above: 1 }, 'alert_invalid'],
    [{ name: 'x', rule: 'title: [' }, 'alert_invalid'],
    [{ name: 'X', metric: 'vm.vcpus', above: 1 }, 'input_invalid'],
    [{ name: 'x', metric: 'vm.vcpus', above: 1, for: 'soon' }, 'input_invalid'],
    [{ name: 'x', is: 'sql', sql: 'select 1 as value', above: 1 }, 'permission_denied'],
  ])('refuses %j', async (input, code) => {
    await expect(read('alert.preview', input, as('operator'))).rejects.toMatchObject({ code });
    await expect(hub.run('alert.create', input, as('operator'))).rejects.toMatchObject({ code });
  });

  test('SQL is for those who may run it, and must answer with entity and value', async () => {
    await expect(hub.run('alert.create', { name: 'bad-sql', is: 'sql', sql: 'select 1 as one', above: 1 })).rejects.toMatchObject({
      code: 'alert_sql_columns',
    });
    await hub.run('alert.create', { name: 'sql', is: 'sql', sql: 'select entity, max(vcpus) as value from vm group by entity', above: 1 });
    await until('sql', 'firing (2)');
    await hub.run('alert.delete', { rule: 'sql' });
  });

  test('a kind that a plugin offers checks its settings, judges the past for a preview, and fires', async () => {
    const rule = 'title: Moon\nseverity: info\nmetric: vm.vcpus\ncondition: { is: offered, kind: moon, settings: full }';
    await expect(read('alert.preview', { name: 'moon', rule: rule.replace('full', 'half') })).rejects.toMatchObject({
      code: 'alert_invalid',
      message: expect.stringContaining('only full'),
    });
    await expect(read('alert.preview', { name: 'moon', rule: rule.replace('kind: moon', 'kind: sun') })).rejects.toMatchObject({
      code: 'alert_kind_missing',
    });
    const preview = (await read('alert.preview', { name: 'moon', rule })) as unknown as Previewed;
    expect(preview.count).toBeGreaterThanOrEqual(7);
    await hub.run('alert.create', { name: 'moon', rule });
    await until('moon', Date.now() % 86_400_000 < 43_200_000 ? 'well' : 'firing (2)');
    await hub.run('alert.delete', { rule: 'moon' });
  });

  test('rules of the hub are changed by admins only; those of plugins are not deleted', async () => {
    await expect(hub.run('alert.disable', { rule: 'monitoring.vm-memory', reason: 'no' }, as('operator'))).rejects.toMatchObject({
      code: 'permission_denied',
    });
    await expect(hub.run('alert.delete', { rule: 'monitoring.vm-memory' })).rejects.toThrow(/alert_not_deletable/);
    await hub.run('alert.disable', { rule: 'monitoring.vm-memory', reason: 'yes' });
    expect(await stateOf('monitoring.vm-memory')).toBe('off');
  });

  test('a file of rules is read again when it changes; a broken one says where and keeps what was good', async () => {
    await until('from-a-file', 'firing (2)');
    await writeFile(file, FILE.replace('above: 1', 'above: one'));
    await expect
      .poll(async () => ((await read('alert.list', {}, as('admin'))) as { files: readonly string[] }).files.join('\n'), { timeout: 20_000 })
      .toMatch(/rules\.yaml:7: rules\.from-a-file\.condition\.above: /);
    expect(await stateOf('from-a-file')).toBe('firing (2)');
    await writeFile(file, FILE.replace('above: 1', 'above: 100'));
    await until('from-a-file', 'well');
  });
});
