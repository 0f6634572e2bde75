import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { definePlugin, HubError } from 'novacron/plugin';
import { z } from 'zod';
import { createPostgresStore } from '../../../../plugins/monitoring/incidents/postgres-store.ts';
import monitoring from '../../../../plugins/monitoring/index.ts';
import { Incidents, type Notification, type Signal } from '../../../../plugins/monitoring/port.ts';
import { until } from '../../../kit/collect.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { createFakeHypervisor, hostScrape } from '../fake-hypervisor.ts';

/** A channel that keeps what it is given, and a way to raise signals: what another plugin would be. */
const told: Notification[] = [];
let incidents: Incidents;
let isDown = false;
const probe = definePlugin({ name: 'probe', api: 1, config: z.object({}), needs: { incidents: Incidents }, provides: {} }, () => ({
  start({ services }) {
    incidents = services.incidents;
    services.incidents.offer({
      name: 'slack',
      edits: true,
      async deliver(notification) {
        if (notification.to === '#gone') throw new HubError('channel_gone', 'There is no #gone.');
        if (isDown) throw new HubError('channel_down', 'Slack is away.', { retryable: true });
        told.push(notification);
        return { receipt: `taken-${told.length}` };
      },
    });
    return {};
  },
}));

let hub: TestHub;
beforeAll(async () => {
  const hypervisor = createFakeHypervisor({
    hosts: ['h1'],
    vms: { mine: 'default', theirs: 'other' },
    scrape: async () => hostScrape(Date.now(), []),
  });
  const config = {
    incidents: {
      people: { 'operator.default': [{ channel: 'slack', to: 'U0OPERATOR' }], nobody: [{ channel: 'pager', to: '1' }] },
      rotations: { primary: { startsOn: '2026-01-05', people: ['operator.default', 'nobody'] } },
      receivers: {
        default: [{ channel: 'slack', to: '#ops' }],
        lost: [{ channel: 'pager', to: '7' }],
        refusing: [{ channel: 'slack', to: '#gone' }],
      },
      escalations: {
        later: [{ afterSeconds: 3600, tell: [{ person: 'operator.default' }] }],
        urgent: [{ afterSeconds: 0, tell: [{ person: 'operator.default' }] }],
      },
      route: {
        receiver: 'default',
        groupWaitSeconds: 0,
        routes: [
          { name: 'urgent', match: ['severity=critical'], escalation: 'urgent' },
          { name: 'refused', match: ['rule=refused'], receiver: 'refusing', escalation: 'later' },
          { name: 'nowhere', match: ['rule=forgotten'], receiver: 'lost' },
        ],
      },
    },
  };
  hub = await startTestHub({ plugins: [hypervisor.plugin, { plugin: monitoring, config }, probe] });
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(() => {
  told.length = 0;
  isDown = false;
});

let made = 0;
const signalOf = (more: Partial<Signal> = {}): Signal => {
  const id = `thing-${++made}`;
  const at = Date.now();
  return {
    key: `cpu/vm/${id}`,
    state: 'firing',
    rule: { id: 'cpu', title: 'CPU is high' },
    severity: 'warning',
    subject: { kind: 'vm', id, name: id, tenant: 'default' },
    at,
    since: at,
    summary: `CPU of ${id} is at 97 %.`,
    values: { cpuRatio: 0.97 },
    ...more,
  };
};

/** Raises it and waits until somebody was told; answers the id of its incident. */
async function opened(signal: Signal): Promise<string> {
  await incidents.raise([signal]);
  const find = async () => (await incidents.list({ subject: signal.subject }))[0]?.id;
  await until('somebody was told', async () => {
    const id = await find();
    return told.some(({ about }) => about.is === 'incident' && about.incident.id === id);
  });
  return (await find()) ?? '';
}

const whys = (id: string): string[] => told.flatMap(({ why, about }) => (about.is === 'incident' && about.incident.id === id ? [why] : []));
const read = async (action: string, input: object, actor = hub.as('operator')) => {
  const outcome = await hub.actions.execute(action, input, { actor, via: 'http' });
  if (outcome.is !== 'done') throw new Error(outcome.is);
  return outcome;
};

describe('an incident', () => {
  it('is told once, edited when somebody acknowledges it, and its timeline says who was told and that it arrived', async () => {
    const signal = signalOf();
    const id = await opened(signal);
    await incidents.raise([signal, { ...signal, at: signal.at + 1 }]);
    expect(await hub.run('incident.acknowledge', { incident: id }, hub.as('operator'))).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'operator.default',
    });
    await until('the message was edited', () => whys(id).includes('changed'));
    expect(whys(id)).toEqual(['opened', 'changed']);
    expect(told.at(-1)).toMatchObject({ receipt: 'taken-1', to: '#ops', attempt: 1 });
    const { output, view } = await read('incident.show', { incident: id.toLowerCase() });
    const { timeline } = output as { timeline: readonly { kind: string; text: string; actor: string | null; values: object }[] };
    expect(timeline.map(({ kind }) => kind)).toEqual(['opened', 'signal', 'told', 'acknowledged']);
    expect(timeline[1]).toMatchObject({ text: signal.summary, values: { cpuRatio: 0.97 } });
    expect(timeline[2]?.text).toBe('Told slack (#ops) that it opened; taken as taken-1.');
    expect(timeline[3]?.actor).toBe('operator.default');
    expect(view.text).toContain(`${id}: CPU of`);
    expect(view.card?.actions).not.toContain('incident.acknowledge');
  });

  it('is told again when its channel was away, under the same id', async () => {
    isDown = true;
    const signal = signalOf();
    await incidents.raise([signal]);
    await until('it was tried', async () => {
      const [incident] = await incidents.list({ subject: signal.subject });
      if (!incident) return false;
      const { output } = await read('incident.show', { incident: incident.id });
      return (output as { told: { reason: string | null }[] }).told[0]?.reason === 'Slack is away.';
    });
    const { late } = createPostgresStore(await hub.state.pluginDatabase('monitoring'), { editEveryMs: 0 });
    expect(await late(Date.now() + 1)).toMatchObject([{ channel: 'slack', count: 1, reason: 'Slack is away.' }]);
    expect(await late(Date.now() - 60_000)).toEqual([]);
    isDown = false;
    await until('it was told', () => told.length > 0);
    expect(told[0]).toMatchObject({ attempt: 2, why: 'opened', receipt: null });
  });

  it('that cannot be told goes to the next step at once, and its timeline says so', async () => {
    const id = await opened(signalOf({ rule: { id: 'refused', title: 'Refused' } }));
    expect(told.map(({ why, to }) => [why, to])).toContainEqual(['escalated', 'U0OPERATOR']);
    const texts = (await incidents.timeline(id)).map(({ text }) => text);
    expect(texts).toContain('Could not tell slack (#gone) that it opened: There is no #gone.');
  });

  it('may be noted, given away, snoozed and resolved, but not once more', async () => {
    const id = await opened(signalOf());
    await hub.run('incident.note', { incident: id, text: 'the disk is on order' }, hub.as('operator'));
    const assign = (to: string) => hub.run('incident.assign', { incident: id, to }, hub.as('operator'));
    for (const nobody of ['opreator', 'viewer.other'])
      await expect(assign(nobody)).rejects.toThrow(`nobody called '${nobody}' who may see`);
    expect(await assign('viewer.default')).toMatchObject({ assignee: 'viewer.default', told: false });
    expect(await assign('operator.default')).toMatchObject({ assignee: 'operator.default', told: true });
    await until('the person was told', () => told.some(({ why, to }) => why === 'assigned' && to === 'U0OPERATOR'));
    expect(await hub.run('incident.snooze', { incident: id, forSeconds: 600 }, hub.as('operator'))).toMatchObject({ state: 'snoozed' });
    expect(await hub.run('incident.resolve', { incident: id, reason: 'it was a test' }, hub.as('operator'))).toMatchObject({
      state: 'resolved',
    });
    await expect(hub.run('incident.acknowledge', { incident: id })).rejects.toThrow('incident_resolved');
    await hub.run('incident.note', { incident: id, text: 'after the end' });
    const kinds = (await incidents.timeline(id)).filter(({ kind }) => kind !== 'told').map(({ kind }) => kind);
    expect(kinds).toEqual(['opened', 'signal', 'note', 'assigned', 'assigned', 'snoozed', 'resolved', 'note']);
  });

  it('escalates to the person whom the route names, and stops when it is acknowledged', async () => {
    const id = await opened(signalOf({ severity: 'critical' }));
    await until('it escalated', () => told.some(({ to }) => to === 'U0OPERATOR'));
    expect(new Set(whys(id))).toEqual(new Set(['opened', 'escalated']));
    await expect
      .poll(async () => (await read('route.explain', { incident: id })).output)
      .toMatchObject({ person: 'operator.default', told: true });
    const mine = await read('route.explain', { incident: id });
    expect(mine.view.text).toMatch(/Told at .*: escalated, by slack \(U0OPERATOR\); taken as taken-/);
    expect(mine.view.text).toContain('Route urgent fits and has it (receiver default).');
    const others = await read('route.explain', { incident: id, person: 'viewer.default' });
    expect(others.output).toMatchObject({ told: false });
    expect(others.view.text).toContain('The config says under people of no way to reach viewer.default.');
  });

  it('of another tenant does not exist, and of a host shows each tenant its own VMs only', async () => {
    const theirs = signalOf({ subject: { kind: 'vm', id: 'theirs', name: 'name-of-theirs', tenant: 'other' }, key: 'cpu/vm/theirs' });
    const id = await opened(theirs);
    await expect(read('incident.show', { incident: id })).rejects.toMatchObject({ code: 'incident_unknown' });
    await expect(hub.run('incident.acknowledge', { incident: id }, hub.as('operator'))).rejects.toMatchObject({ code: 'incident_unknown' });
    const host = signalOf({
      key: 'down/host/h1',
      severity: 'critical',
      takesDown: true,
      subject: { kind: 'host', id: 'h1', name: 'h1', tenant: null },
      summary: 'Host h1 does not answer.',
    });
    const hostId = await opened(host);
    expect(await incidents.get(id)).toMatchObject({ state: 'resolved', partOf: hostId });
    const mine = signalOf({ subject: { kind: 'vm', id: 'mine', name: 'name-of-mine', tenant: 'default' }, key: 'cpu/vm/mine' });
    await incidents.raise([mine]);
    expect(await incidents.list({ subject: mine.subject })).toEqual([]);
    const keysSeen = async (role: 'operator' | 'admin', tenant: string) => {
      const { output } = await read('incident.show', { incident: hostId }, hub.as(role, tenant));
      const { incident, timeline } = output as { incident: { signals: { key: string }[] }; timeline: { text: string }[] };
      return { keys: incident.signals.map(({ key }) => key), text: timeline.map(({ text }) => text).join(' ') };
    };
    expect((await keysSeen('admin', 'default')).keys).toEqual(['down/host/h1', 'cpu/vm/theirs', 'cpu/vm/mine']);
    const seen = await keysSeen('operator', 'default');
    expect(seen.keys).toEqual(['down/host/h1', 'cpu/vm/mine']);
    expect(seen.text).not.toContain('theirs');
    // A host belongs to nobody; who operates machines may still take its incident, and who only looks may not.
    await expect(hub.run('incident.acknowledge', { incident: hostId }, hub.as('viewer'))).rejects.toMatchObject({
      code: 'permission_denied',
    });
    expect(await hub.run('incident.acknowledge', { incident: hostId }, hub.as('operator'))).toMatchObject({ state: 'acknowledged' });
  });
});

describe('a silence', () => {
  it('keeps people from being told, says that it starts and ends, and what is still not good is told then', async () => {
    const signal = signalOf();
    const { name } = signal.subject;
    const silence = await hub.run('silence.create', { match: [`name=${name}`], reason: 'kernel update' }, hub.as('operator'));
    expect(silence).toMatchObject({ state: 'active', owner: 'operator.default', tenant: 'default' });
    await until('its start was told', () => told.some(({ about }) => about.is === 'silence' && about.silence.state === 'active'));
    await incidents.raise([signal]);
    const [incident] = await incidents.list({ subject: signal.subject });
    expect(incident?.silencedBy).toBe((silence as { id: string }).id);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(whys(incident?.id ?? '')).toEqual([]);
    const why = await read('route.explain', { incident: incident?.id });
    expect(why.view.text).toContain('It is silenced by');
    await hub.run('silence.end', { silence: (silence as { id: string }).id }, hub.as('operator'));
    await until('it was told', () => whys(incident?.id ?? '').includes('opened'));
    expect(told.some(({ about }) => about.is === 'silence' && about.silence.state === 'ended')).toBe(true);
  });

  it('of one incident ends with it', async () => {
    const signal = signalOf();
    const id = await opened(signal);
    const silence = await hub.run('silence.create', { incident: id, reason: 'known' }, hub.as('operator'));
    expect(await incidents.get(id)).toMatchObject({ silencedBy: (silence as { id: string }).id });
    await incidents.raise([{ ...signal, state: 'resolved' }]);
    expect((await read('silence.list', { all: true })).output).toContainEqual(expect.objectContaining({ incident: id, state: 'ended' }));
  });

  it('is refused when it says nothing, reads wrong, or is over already', async () => {
    const doubtful = { match: ['nmae=web-1', 'severity=crit', 'rule=no-such', 'name=web-*'], reason: 'x' };
    expect(await hub.run('silence.create', doubtful, hub.as('operator'))).toMatchObject({
      covers: 0,
      doubts: [
        expect.stringMatching(/^Nothing that was told so far has a label "nmae"/) as string,
        expect.stringMatching(/^There is no severity "crit"/) as string,
        'There is no rule "no-such" now.',
      ],
    });
    const create = (input: object) => hub.run('silence.create', { reason: 'x', ...input }, hub.as('operator'));
    await expect(create({})).rejects.toMatchObject({ code: 'input_invalid' });
    await expect(create({ match: ['name=~web.*'] })).rejects.toMatchObject({ code: 'input_invalid' });
    await expect(create({ match: ['name=a'], startsAt: '2020-01-01T00:00:00Z' })).rejects.toThrow('silence_past');
    await expect(hub.run('silence.end', { silence: 'SIL-999' }, hub.as('operator'))).rejects.toMatchObject({ code: 'silence_unknown' });
  });
});

describe('on call and routes', () => {
  it('say who is on call, and let somebody stand in', async () => {
    expect((await read('oncall.show', {})).output).toEqual([expect.objectContaining({ rotation: 'primary', isOverride: false })]);
    const [{ person, until: handover }] = (await read('oncall.show', {})).output as unknown as [{ person: string; until: number }];
    const other = person === 'nobody' ? 'operator.default' : 'nobody';
    const from = Math.floor((Date.now() + handover) / 2);
    const standIn = { rotation: 'primary', person: other, startsAt: new Date(from).toISOString(), forSeconds: 60 };
    await hub.run('oncall.override', standIn, hub.as('operator'));
    expect((await read('oncall.show', {})).output).toEqual([
      expect.objectContaining({ person, until: from, next: other, coming: [{ person: other, from, to: from + 60_000 }] }),
    ]);
    const past = { rotation: 'primary', person: other, startsAt: '2026-01-01T00:00:00Z', forSeconds: 60 };
    await expect(hub.run('oncall.override', past, hub.as('operator'))).rejects.toThrow('override_past');
    await hub.run('oncall.override', { rotation: 'primary', person: 'nobody' }, hub.as('operator'));
    expect((await read('oncall.show', {})).output).toEqual([expect.objectContaining({ person: 'nobody', isOverride: true })]);
    await expect(hub.run('oncall.override', { rotation: 'secondary', person: 'nobody' })).rejects.toThrow('rotation_unknown');
    await expect(hub.run('oncall.override', { rotation: 'primary', person: 'somebody' })).rejects.toThrow('person_unknown');
  });

  it('by hand have a number at once', async () => {
    const raised = await hub.run('incident.raise', { title: 'customers cannot sign in' }, hub.as('operator'));
    const { incident } = raised as { incident: string };
    expect((await incidents.get(incident))?.title).toBe('customers cannot sign in');
  });

  it('say which rules reach nobody', async () => {
    await incidents.raise([
      signalOf({ rule: { id: 'forgotten', title: 'Forgotten' } }),
      signalOf({ rule: { id: 'known', title: 'Known' } }),
    ]);
    const { output, view } = await read('route.check', {});
    const rules = (output as { rules: { rule: string; problem: string | null; reaches: string[] }[] }).rules;
    expect(rules.find(({ rule }) => rule === 'forgotten')?.problem).toBe('pager 7: there is no channel "pager" now');
    expect(rules.find(({ rule }) => rule === 'known')).toMatchObject({ problem: null, reaches: ['slack #ops'] });
    expect(view.text).toContain('reach nobody');
  });

  it('are refused at the start when they name what is not there', async () => {
    const { config } = await import('../../../../plugins/monitoring/config.ts');
    const refused = config.safeParse({
      incidents: {
        route: { receiver: 'ops', routes: [{ match: ['severity=~x'], escalation: 'none' }] },
        rotations: { a: { startsOn: '2026-01-05', timeZone: 'Mars/Base', people: ['x'] } },
      },
    });
    const problems = JSON.stringify(refused.error?.issues.map(({ path, message }) => [path.join('.'), message]));
    expect(problems).toContain('must read like severity=critical');
    expect(problems).toContain('must be a time zone such as Europe/Berlin');
    const dangling = config.safeParse({
      incidents: { route: { receiver: 'ops' }, rotations: { a: { startsOn: '2026-01-05', people: ['x'] } } },
    });
    expect(dangling.error?.issues.map(({ message }) => message)).toEqual([
      'there is no receiver "ops" (there are: default)',
      'there is no person "x" (there are: none)',
    ]);
  });
});
