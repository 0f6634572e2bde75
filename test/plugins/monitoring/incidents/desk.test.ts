import { beforeEach, describe, expect, it } from 'vitest';
import { createDesk, type Desk } from '../../../../plugins/monitoring/incidents/desk.ts';
import { createCourier } from '../../../../plugins/monitoring/incidents/courier.ts';
import type { Notification, Signal } from '../../../../plugins/monitoring/port.ts';
import { createTestClock, type TestClock } from '../../../kit/clock.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { policy, topology } from './model-policy.ts';

const MINUTE = 60_000;
const { signal: never } = new AbortController();
const log = { debug() {}, info() {}, warn() {}, error() {} };

let clock: TestClock;
let store: MemoryStore;
let desk: Desk;
let told: Notification[];
let deliver: () => Promise<number>;

beforeEach(() => {
  clock = createTestClock();
  store = createMemoryStore({ editEveryMs: 0 });
  desk = createDesk({ store, policy, topology, clock, hub: 'hub-1', onChange: () => undefined });
  told = [];
  const channel = (name: string, edits: boolean) => ({
    name,
    edits,
    async deliver(notification: Notification) {
      told.push(notification);
      return { receipt: `${name} ${told.length}` };
    },
  });
  const channels = new Map([channel('chat', true), channel('mail', false)].map((each) => [each.name, each]));
  const courier = createCourier({ store, channels, clock, log, draw: async () => null, onFailed: (number) => desk.hurry(number) });
  deliver = () => courier.deliver(never);
});

const signalOf = (key: string, more: Partial<Signal> = {}): Signal => {
  const [rule = '', kind = '', id = ''] = key.split('/');
  const subject = { kind, id, name: id, tenant: kind === 'vm' ? 'default' : null };
  const facts = { rule: { id: rule, title: rule }, summary: `${key} is bad`, values: {} };
  return { key, state: 'firing', severity: 'warning', subject, at: clock.now(), since: clock.now(), ...facts, ...more };
};
const raise = (...keys: readonly (string | Signal)[]) => desk.raise(keys.map((key) => (typeof key === 'string' ? signalOf(key) : key)));
const end = (...keys: readonly string[]) => desk.raise(keys.map((key) => signalOf(key, { state: 'resolved', summary: `${key} is good` })));

/** Lets time pass as the hub's loop would, and answers who was told what meanwhile. */
async function pass(ms: number): Promise<string[]> {
  const before = told.length;
  for (let passed = 0; passed < ms; passed += 5_000) {
    clock.advance(Math.min(5_000, ms - passed));
    await desk.look();
    while ((await deliver()) > 0);
  }
  return told.slice(before).map(({ why, to }) => `${why} ${to}`);
}
const incident = async (number = 1) => (await store.get(number)) ?? Promise.reject(new Error(`There is no INC-${number}.`));
const alarms = (list: readonly string[]): string[] => list.filter((each) => !each.startsWith('changed'));

describe('signals', () => {
  it('about one thing are one incident, told once after the group wait with all that came meanwhile', async () => {
    await raise('cpu/vm/v1');
    clock.advance(2_000);
    await raise('disk/vm/v1', 'cpu/vm/v2');
    expect(await pass(10_000)).toEqual(['opened #ops', 'opened #ops']);
    expect((await incident(1)).signals.map(({ signal }) => signal.key)).toEqual(['cpu/vm/v1', 'disk/vm/v1']);
    expect((await incident(2)).root).toBe('vm/v2');
  });

  it('that end before anybody was told are told to nobody', async () => {
    await raise('cpu/vm/v1');
    await end('cpu/vm/v1');
    expect(await pass(MINUTE)).toEqual([]);
    expect((await incident()).state).toBe('resolved');
  });

  it('that nobody repeats are over at their end', async () => {
    await raise(signalOf('cpu/vm/v1', { expiresAt: clock.now() + 5 * MINUTE }));
    await pass(4 * MINUTE);
    expect((await incident()).state).toBe('open');
    await raise(signalOf('cpu/vm/v1', { expiresAt: clock.now() + 5 * MINUTE }));
    await pass(4 * MINUTE);
    expect((await incident()).state).toBe('open');
    expect(alarms(await pass(2 * MINUTE))).toEqual(['resolved #ops']);
  });

  it('that nobody repeats leave the incident as severe, and called, as what still fires', async () => {
    await raise('cpu/vm/v1');
    await raise(signalOf('slow/vm/v1', { severity: 'critical', summary: 'v1 is slow', expiresAt: clock.now() + 5 * MINUTE }));
    expect(await incident()).toMatchObject({ severity: 'critical', title: 'v1 is slow' });
    await pass(6 * MINUTE);
    expect(await incident()).toMatchObject({ state: 'open', severity: 'warning', title: 'cpu/vm/v1 is bad' });
  });

  it('soon after the end continue the incident, later they make another', async () => {
    await raise('cpu/vm/v1');
    await pass(MINUTE);
    await end('cpu/vm/v1');
    await pass(20 * MINUTE);
    await raise('cpu/vm/v1');
    expect(alarms(await pass(MINUTE))).toEqual(['reopened #ops']);
    expect(await incident()).toMatchObject({ state: 'open', lap: 2 });
    await end('cpu/vm/v1');
    await pass(40 * MINUTE);
    await raise('cpu/vm/v1');
    expect((await incident(2)).state).toBe('open');
  });

  it('that flap are believed only after a quiet time, and people are told of none of the flaps', async () => {
    await raise('cpu/vm/v1');
    await pass(MINUTE);
    const heard: string[] = [];
    for (let flaps = 0; flaps < 6; flaps++) {
      await end('cpu/vm/v1');
      heard.push(...alarms(await pass(MINUTE)));
      await raise('cpu/vm/v1');
      heard.push(...alarms(await pass(MINUTE)));
    }
    // Told until it is known to flap, and no more then.
    expect(heard).toEqual(['resolved #ops', 'reopened #ops', 'resolved #ops', 'reopened #ops', 'resolved #ops', 'reopened #ops']);
    // Nor does its timeline grow with each.
    const { length } = await store.timeline(1);
    await end('cpu/vm/v1');
    expect(alarms(await pass(14 * MINUTE))).toEqual([]);
    expect(await store.timeline(1)).toHaveLength(length);
    expect((await incident()).state).toBe('open');
    expect(alarms(await pass(2 * MINUTE))).toEqual(['resolved #ops']);
  });
});

describe('a host that goes down', () => {
  const down = () => signalOf('down/host/h1', { severity: 'critical', takesDown: true });

  it('takes over the young incidents of its VMs, and what its VMs say later', async () => {
    await raise('cpu/vm/v1', 'cpu/vm/v4');
    await pass(MINUTE);
    await raise(down());
    await raise('cpu/vm/v2');
    expect(await incident(1)).toMatchObject({ state: 'resolved', mergedInto: 3 });
    expect((await incident(2)).state).toBe('open');
    expect((await incident(3)).signals.map(({ signal }) => signal.key)).toEqual(['down/host/h1', 'cpu/vm/v1', 'cpu/vm/v2']);
    await end('down/host/h1', 'cpu/vm/v1');
    expect((await incident(3)).state).toBe('open');
    await end('cpu/vm/v2');
    expect((await incident(3)).state).toBe('resolved');
  });

  it('leaves alone what is old, or what somebody has in hand', async () => {
    await raise('cpu/vm/v1');
    await pass(20 * MINUTE);
    await raise('cpu/vm/v2');
    await desk.decide(2, { is: 'acknowledge' }, 'operator');
    await raise(down());
    expect([(await incident(1)).state, (await incident(2)).state]).toEqual(['open', 'acknowledged']);
  });

  it('that only has little memory takes over nothing', async () => {
    await raise(signalOf('memory/host/h1', { severity: 'critical' }), 'cpu/vm/v1');
    expect((await incident(2)).root).toBe('vm/v1');
  });
});

describe('people', () => {
  const critical = () => signalOf('cpu/vm/v1', { severity: 'critical' });

  it('are told step by step until somebody acknowledges', async () => {
    await raise(critical());
    expect(alarms(await pass(11 * MINUTE))).toEqual(['opened #ops', 'escalated admin']);
    await desk.decide(1, { is: 'acknowledge' }, 'admin');
    expect(alarms(await pass(24 * 60 * MINUTE))).toEqual([]);
  });

  it('are told of a late step late, and of the next one as long after it as ever', async () => {
    await raise(critical());
    await pass(MINUTE);
    // The hub was away: the steps that came due meanwhile do not come all at once.
    clock.advance(3 * 60 * MINUTE);
    expect(alarms(await pass(MINUTE))).toEqual(['escalated admin']);
    expect(alarms(await pass(13 * MINUTE))).toEqual([]);
    expect(alarms(await pass(2 * MINUTE))).toEqual(['escalated boss@example.org']);
  });

  it('wait no longer when the clock is set back', async () => {
    await raise(critical());
    await pass(5 * MINUTE);
    clock.advance(-180 * MINUTE);
    await desk.look();
    expect(alarms(await pass(6 * MINUTE))).toEqual(['escalated admin']);
  });

  it('come no sooner when two hubs look after them whose clocks differ', async () => {
    const late = createTestClock(clock.now() - 10_000);
    const other = createDesk({ store, policy, topology, clock: late, hub: 'hub-2', onChange: () => undefined });
    await raise(critical());
    const heard: string[] = [];
    let minutes = 0;
    for (; !heard.some((each) => each.startsWith('escalated')) && minutes < 60; minutes += 0.25) {
      heard.push(...(await pass(MINUTE / 4)));
      late.advance(MINUTE / 4);
      await other.look();
    }
    // As with one hub: see the test before.
    expect(minutes).toBeGreaterThan(10);
  });

  it('are told anew when it becomes worse than what was acknowledged', async () => {
    await raise('cpu/vm/v1');
    await pass(MINUTE);
    await desk.decide(1, { is: 'acknowledge' }, 'operator');
    await raise(critical());
    expect(await incident()).toMatchObject({ state: 'open', acknowledgedBy: null, severity: 'critical' });
    expect(alarms(await pass(MINUTE))).toEqual(['escalated #ops']);
  });

  it('are left in peace while it is snoozed, and told again when it is not good then', async () => {
    await raise(critical());
    await pass(MINUTE);
    await desk.decide(1, { is: 'snooze', until: clock.now() + 60 * MINUTE }, 'operator');
    expect(alarms(await pass(59 * MINUTE))).toEqual([]);
    expect(alarms(await pass(2 * MINUTE))).toEqual(['reminder #ops']);
    expect(alarms(await pass(10 * MINUTE))).toEqual(['escalated admin']);
  });

  it('who resolve what still fires hear of it again only after it was good once', async () => {
    await raise('cpu/vm/v1');
    await pass(MINUTE);
    await desk.decide(1, { is: 'resolve', reason: 'known' }, 'operator');
    await raise('cpu/vm/v1');
    expect((await incident()).state).toBe('resolved');
    await end('cpu/vm/v1');
    await raise('cpu/vm/v1');
    expect((await incident()).state).toBe('open');
  });
});

describe('a silence', () => {
  const silence = (match: readonly string[], minutes: number) => ({
    match,
    incident: null,
    tenant: null,
    owner: 'operator',
    reason: 'work',
    startsAt: clock.now(),
    endsAt: clock.now() + minutes * MINUTE,
    key: match.join(),
  });

  it('covers an incident only when it covers all that fires in it', async () => {
    await desk.silence(silence(['severity=warning'], 60));
    await raise('cpu/vm/v1');
    expect((await incident()).silencedBy).toBe('SIL-1');
    await raise(signalOf('disk/vm/v1', { severity: 'critical' }));
    expect((await incident()).silencedBy).toBeNull();
    expect(alarms(await pass(MINUTE))).toContain('opened #ops');
  });

  it('that is made twice with one key is one, and at its end what is not good is told', async () => {
    await desk.silence(silence(['name=v1'], 60));
    await desk.silence(silence(['name=v1'], 60));
    expect(await store.silences({ tenant: null, withEnded: true, rowsMax: 10 })).toHaveLength(1);
    await raise('cpu/vm/v1');
    expect(alarms(await pass(59 * MINUTE))).toEqual(['silenced #ops']);
    expect(alarms(await pass(2 * MINUTE))).toEqual(['silenced #ops', 'opened #ops']);
  });
});

describe('what is not told in a day', () => {
  const chatOf = (deliver: () => Promise<{ receipt: string }>) => new Map([['chat', { name: 'chat', edits: true, deliver }]]);
  const courierFor = (channels: Parameters<typeof createCourier>[0]['channels']) =>
    createCourier({ store, channels, clock, log, draw: async () => null, onFailed: async () => undefined });
  const DAY = 24 * 60 * MINUTE;

  it('since the hub was down is not given up because the channel comes a moment later', async () => {
    await raise('cpu/vm/v1');
    clock.advance(MINUTE);
    await desk.look();
    clock.advance(3 * DAY);
    expect(await courierFor(new Map()).deliver(never)).toBe(1);
    clock.advance(MINUTE);
    const heard: string[] = [];
    const channels = chatOf(async () => ({ receipt: `taken ${heard.push('told')}` }));
    await courierFor(channels).deliver(never);
    expect(heard).toEqual(['told']);
  });

  it('since a silence came after a try is told as one that was tried: the other side may have taken it', async () => {
    const attempts: number[] = [];
    const channel = {
      name: 'chat',
      edits: true,
      async deliver({ attempt, why }: Notification) {
        if (why === 'opened' && attempts.push(attempt) === 1) throw new Error('the answer was lost');
        return { receipt: 'taken' };
      },
    };
    const courier = courierFor(new Map([['chat', channel]]));
    await raise('cpu/vm/v1');
    clock.advance(MINUTE);
    await desk.look();
    await courier.deliver(never);
    const scope = { match: ['name=v1'], incident: null, tenant: null, owner: 'admin', reason: 'x', key: 'k' };
    await desk.silence({ ...scope, startsAt: clock.now(), endsAt: clock.now() + 10 * MINUTE });
    for (let minutes = 0; minutes < 15; minutes++) {
      clock.advance(MINUTE);
      await desk.look();
      await courier.deliver(never);
    }
    expect(attempts).toHaveLength(2);
    expect(attempts[1]).toBeGreaterThan(1);
  });

  it('since it was silenced has its day still before it when the silence ends', async () => {
    let isDown = true;
    const away = chatOf(async () => {
      if (isDown) throw new Error('away');
      return { receipt: 'taken' };
    });
    const courier = courierFor(away);
    await raise('cpu/vm/v1');
    clock.advance(MINUTE);
    await desk.look();
    await courier.deliver(never);
    const scope = { match: ['name=v1'], incident: null, tenant: null, owner: 'admin', reason: 'x', key: 'k' };
    await desk.silence({ ...scope, startsAt: clock.now(), endsAt: clock.now() + 2 * DAY });
    for (let hours = 0; hours < 49; hours++) {
      clock.advance(60 * MINUTE);
      await desk.look();
      await courier.deliver(never);
    }
    isDown = false;
    clock.advance(10 * MINUTE);
    await courier.deliver(never);
    expect((await store.told(1)).filter(({ why }) => why === 'opened')).toMatchObject([{ state: 'taken' }]);
  });
});

describe('a change of the config under an open incident', () => {
  it('lets those be told who have its signals now', async () => {
    await raise(signalOf('cpu/vm/v1', { severity: 'critical' }));
    await pass(MINUTE);
    const renamed = {
      ...policy,
      root: { ...policy.root, routes: policy.root.routes.map((route) => ({ ...route, name: `new-${route.name}` })) },
    };
    desk = createDesk({ store, policy: renamed, topology, clock, hub: 'hub-1', onChange: () => undefined });
    const after = alarms(await pass(60 * MINUTE));
    expect(after.filter((each) => each.startsWith('escalated'))).toHaveLength(after.length);
    expect(after).toContain('escalated boss@example.org');
    expect((await incident()).tracks.map(({ route }) => route)).not.toContain('critical');
  });
});
