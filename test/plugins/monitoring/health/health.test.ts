import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HubCheck } from '../../../../core/contract.ts';
import { createLog } from '../../../../core/log.ts';
import { healthConfig } from '../../../../plugins/monitoring/health/config.ts';
import { peopleLines } from '../../../../plugins/monitoring/health/people.ts';
import { agentLines, hostLines, poolLines, vmLines } from '../../../../plugins/monitoring/health/lines.ts';
import { createHealthWatch } from '../../../../plugins/monitoring/health/watch.ts';
import monitoring from '../../../../plugins/monitoring/index.ts';
import type { Signal } from '../../../../plugins/monitoring/port.ts';
import { createTestClock } from '../../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { createFakeHypervisor, hostScrape, vmScrape, vmStatus } from '../fake-hypervisor.ts';

describe('the watch of services and of the hub', () => {
  test('says what is down after some failures, at every beat, and once that it is well again', async () => {
    const server = createServer((socket) => socket.resume().end());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const config = healthConfig.parse({
      services: [{ name: 'db', is: 'tcp', address: `127.0.0.1:${port}`, tenant: 'lab' }],
      failuresMax: 2,
    });
    let checks: readonly HubCheck[] = [{ name: 'metrics', ok: true, detail: null }];
    let saysServices = true;
    const clock = createTestClock();
    const signals: Signal[] = [];
    const raise = async (some: readonly Signal[]): Promise<void> => void signals.push(...some);
    const watch = createHealthWatch({
      config,
      hub: { id: 'hub-1', health: async () => checks },
      raise,
      saysServices: () => saysServices,
      clock,
      log: createLog({ level: 'silent' })('test'),
    });
    const look = async () => {
      clock.advance(60_000);
      const before = signals.length;
      await watch.look(AbortSignal.timeout(10_000));
      return signals.slice(before).map(({ key, state }) => `${state} ${key}`);
    };
    expect(await look()).toEqual(['resolved monitoring.service/service/db', 'resolved monitoring.hub/hub/hub-1/metrics']);
    expect(await look()).toEqual([]);
    await new Promise((done) => server.close(done));
    expect(await look()).toEqual([]);
    const downSince = clock.now();
    expect(await look()).toEqual(['firing monitoring.service/service/db']);
    checks = [{ name: 'metrics', ok: false, detail: 'its disk is full.' }];
    expect(await look()).toEqual(['firing monitoring.service/service/db', 'firing monitoring.hub/hub/hub-1/metrics']);
    expect(signals.at(-2)).toMatchObject({ since: downSince, severity: 'critical', subject: { kind: 'service', id: 'db', tenant: 'lab' } });
    expect(signals.at(-1)).toMatchObject({
      summary: 'metrics is not well: its disk is full.',
      expiresAt: clock.now() + 5 * config.everySeconds * 1000,
    });
    // Another of several hubs says now how services are; how it is itself each says.
    saysServices = false;
    expect(await look()).toEqual(['firing monitoring.hub/hub/hub-1/metrics']);
    saysServices = true;
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    checks = [{ name: 'metrics', ok: true, detail: null }];
    expect(await look()).toEqual(['resolved monitoring.service/service/db', 'resolved monitoring.hub/hub/hub-1/metrics']);
    await new Promise((done) => server.close(done));
  });

  test('an agent is missed only when it has answered before', () => {
    const config = healthConfig.parse({});
    const log = createLog({ level: 'silent' })('test');
    const watch = createHealthWatch({
      config,
      hub: { id: 'hub-1', health: async () => [] },
      raise: async () => {},
      saysServices: () => true,
      clock: createTestClock(),
      log,
    });
    const vms = ['a', 'b'].map((id) => vmStatus(id, 'default'));
    const silent = { answers: false, reason: 'not connected' } as const;
    watch.survey({
      at: 1,
      pools: [],
      guests: [
        { id: 'a', agent: { answers: true }, filesystems: [] },
        { id: 'b', agent: silent, filesystems: [] },
      ],
    });
    expect(agentLines(vms, watch.agents())).toMatchObject([{ name: 'name-of-a', state: 'good' }]);
    watch.survey({ at: 2, pools: [], guests: ['a', 'b'].map((id) => ({ id, agent: silent, filesystems: [] })) });
    expect(agentLines(vms, watch.agents())).toMatchObject([
      { name: 'name-of-a', state: 'warn', text: 'does not answer any more: not connected' },
    ]);
  });
});

const FRESH = { samples: [], now: 0, staleMs: 60_000 };

describe('what is not well', () => {
  test('says what to do next, thing by thing', () => {
    const vms = [
      vmStatus('a', 'default'),
      { ...vmStatus('b', 'default'), state: 'crashed' as const },
      { ...vmStatus('c', 'default'), state: 'unknown' as const },
    ];
    const { port } = createFakeHypervisor({ hosts: ['h1', 'h2'], vms: {}, scrape: () => Promise.reject(new Error('none')) });
    const [first, second] = port.hosts();
    if (!first || !second) throw new Error('two hosts');
    const down = { ...first, state: { is: 'unreachable', since: 0, reason: 'no route' } } as const;
    expect(hostLines([down, second], vms, FRESH)).toMatchObject([
      { state: 'bad', text: 'does not answer: no route; 1 VMs on it are not known' },
      { state: 'good', next: null },
    ]);
    const [ofFirst, ofSecond] = [first, second].map(({ id }) => ({ table: 'host', entity: id, at: 1_000, values: {} }));
    const measured = { samples: [ofFirst, ofSecond].flatMap((one) => one ?? []), staleMs: 60_000 };
    expect(hostLines([first], [], { ...measured, now: 61_000 })).toMatchObject([{ state: 'good' }]);
    expect(hostLines([first], [], { ...measured, now: 181_001 })).toMatchObject([
      { state: 'bad', text: 'is connected, but was not measured for 3 min' },
    ]);
    expect(vmLines(vms).map(({ name, state }) => `${name} ${state}`)).toEqual(['name-of-a good', 'name-of-b bad']);
    const pool = (device: string, allocatedRatio: number, at = 0) => ({
      table: 'host.pool',
      entity: 'h1',
      device,
      at,
      values: { allocatedRatio },
    });
    expect(
      poolLines([first], [pool('x', 0.5), pool('y', 0.9), pool('z', 0.99), pool('old', 0.99, -1e9)], 0).map(({ state }) => state),
    ).toEqual(['good', 'warn', 'bad']);
    for (const line of [...hostLines([down], [], FRESH), ...vmLines(vms.slice(1)), ...poolLines([first], [pool('z', 0.99)], 0)])
      expect(line.next).toBeTruthy();
  });
});

describe('whether people are told', () => {
  const reach = (problem: string | null) => ({ rule: 'r', severity: 'info', kind: 'vm', routes: [], reaches: [], problem });
  const late = { channel: 'slack', count: 2, since: 0, reason: 'token_revoked' };

  test('is said, to admins with the reason', () => {
    const at = { now: 600_000, isAdmin: true };
    expect(peopleLines([], [reach(null)], at)).toMatchObject([{ state: 'good' }]);
    expect(peopleLines([late], [reach(null), reach('nobody is named')], at)).toMatchObject([
      { name: 'slack', state: 'bad', text: '2 messages wait, for 10 min; the last try: token_revoked' },
      { name: 'routes', state: 'warn', text: '1 of 2 kinds of alerts reach nobody, such as r: nobody is named' },
    ]);
    const [toOthers, routes] = peopleLines([{ ...late, count: 1 }], [reach('x')], { ...at, isAdmin: false });
    expect(toOthers).toMatchObject({ text: '1 message waits, for 10 min' });
    expect(routes).toMatchObject({ state: 'bad', text: '1 of 1 kinds of alerts reach nobody' });
  });
});

describe('health over the door', () => {
  let hub: TestHub;
  beforeAll(async () => {
    const { plugin } = createFakeHypervisor({
      hosts: ['h1'],
      vms: { mine: 'default', theirs: 'other' },
      scrape: async () => hostScrape(Date.now(), [vmScrape('mine'), vmScrape('theirs')]),
    });
    const services = [
      { name: 'mine-down', is: 'tcp', address: '127.0.0.1:1', help: 'Call the database people.' },
      { name: 'theirs-down', is: 'tcp', address: '127.0.0.1:1', tenant: 'other' },
    ];
    hub = await startTestHub({
      plugins: [plugin, { plugin: monitoring, config: { health: { services, everySeconds: 1, failuresMax: 1 } } }],
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  const show = async (input: object, role: 'viewer' | 'admin', tenant = 'default') => {
    const outcome = await hub.actions.execute('health.show', input, { actor: hub.as(role, tenant), via: 'http' });
    if (outcome.is !== 'done') throw new Error(outcome.is);
    return { ...(outcome.output as { lines: readonly { area: string; name: string; next: string | null }[] }), view: outcome.view };
  };

  test('each sees what is theirs, the worst first, with what to do next', async () => {
    await expect
      .poll(async () => (await show({ area: 'service' }, 'viewer')).lines, { timeout: 20_000 })
      .toMatchObject([
        { name: 'mine-down', state: 'bad', text: expect.stringContaining('ECONNREFUSED'), next: 'Call the database people.' },
      ]);
    const all = await show({ all: true }, 'viewer');
    expect(all.lines.filter(({ area }) => area === 'vm').map(({ name }) => name)).toEqual(['name-of-mine']);
    expect(all.lines.filter(({ area }) => area === 'hub').map(({ name }) => name)).toEqual(['hub']);
    expect(all.lines[0]?.name).toBe('mine-down');
    expect(all.view.text).toMatch(/^2 not well, 0 to watch, \d+ well\.$/);
    // This hub has no channel at all.
    expect(all.lines.find(({ area }) => area === 'people')).toMatchObject({
      state: 'bad',
      text: expect.stringMatching(/reach nobody$/) as string,
    });
    const admins = await show({ all: true }, 'admin');
    expect(admins.lines.filter(({ area }) => area === 'hub').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['postgresql', 'metrics', 'jobs', 'plugin monitoring']),
    );
    expect((await show({ area: 'service' }, 'admin')).lines).toHaveLength(2);
  });
});
