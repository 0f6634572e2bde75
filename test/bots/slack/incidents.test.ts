import { afterAll, beforeAll, expect, it } from 'vitest';
import { definePlugin, ref } from 'novacron/plugin';
import { z } from 'zod';
import charts from '../../../plugins/charts/index.ts';
import monitoring from '../../../plugins/monitoring/index.ts';
import { Incidents, type Signal } from '../../../plugins/monitoring/port.ts';
import { elementsIn, textOf } from '../../../bots/sandbox/client.ts';
import type { Message } from '../../../bots/sandbox/protocol.ts';
import { createFakeHypervisor, hostScrape } from '../../plugins/monitoring/fake-hypervisor.ts';
import { reads, startChat, type Chat } from './chat.ts';

const grown: string[] = [];
let incidents: Incidents;

/** A rule's voice, and an action that helps. */
const probe = definePlugin(
  { name: 'probe', api: 1, config: z.object({}), needs: { incidents: Incidents }, provides: {} },
  ({ action }) => ({
    actions: {
      'vm.grow': action({
        title: 'Grow the disk of a VM',
        label: 'Grow',
        risk: 'disrupt',
        input: z.strictObject({ vm: z.string().meta({ picker: 'vm' }), sizeBytes: z.int() }),
        output: z.strictObject({ vm: z.string() }),
        target: ({ vm }) => ref('vm', vm),
        plan: async ({ target }) => ({ sentences: [`The disk of ${target?.name} grows to 20 GiB.`], facts: {} }),
        async run({ step, target }) {
          await step('grow', async () => void grown.push(target?.id ?? ''));
          return { vm: target?.id ?? '' };
        },
      }),
    },
    start({ services }) {
      incidents = services.incidents;
      return {};
    },
  }),
);

let chat: Chat;
let passing: NodeJS.Timeout;
beforeAll(async () => {
  const hypervisor = createFakeHypervisor({ hosts: ['h1'], vms: { web: 'default' }, scrape: async () => hostScrape(Date.now(), []) });
  const receivers = { default: [{ channel: 'slack', to: 'default' }], operator: [{ channel: 'slack', to: 'U0OPERATOR' }] };
  const route = { receiver: 'default', groupWaitSeconds: 0, routes: [{ match: ['severity=info'], receiver: 'operator' }] };
  const config = { everySeconds: 3600, incidents: { receivers, route, editEverySeconds: 0 } };
  chat = await startChat([hypervisor.plugin, charts, { plugin: monitoring, config }, probe]);
  // Tries that failed come again only when time passes.
  passing = setInterval(() => chat.clock.advance(100), 100);
  const now = Date.now();
  for (let minute = 60; minute > 0; minute--) {
    const row = { entity: 'web', values: { cpuRatio: 1 - minute / 70 } };
    await chat.hub.metrics.write('monitoring', [{ table: 'vm', at: now - minute * 60_000, rows: [row] }]);
  }
});
afterAll(async () => {
  clearInterval(passing);
  await chat[Symbol.asyncDispose]();
});

const signalOf = (more: Partial<Signal> = {}): Signal => ({
  key: 'disk/vm/web/vda',
  state: 'firing',
  rule: { id: 'disk', title: 'Disk is full soon' },
  severity: 'critical',
  subject: { kind: 'vm', id: 'web', name: 'name-of-web', device: 'vda', tenant: 'default' },
  at: Date.now(),
  since: Date.now(),
  summary: 'Disk vda of name-of-web is full in 5 h <!channel>.',
  values: { usedRatio: 0.91 },
  actions: [
    { action: 'vm.grow', label: 'Grow to 20 GiB', input: { vm: 'web', sizeBytes: 20 * 2 ** 30 } },
    { action: 'vm.move', label: 'Move it to a larger pool', input: {} },
  ],
  chart: { metric: 'vm.cpuRatio', targets: ['web'], seconds: 3600 },
  ...more,
});

const labels = (message: Message): readonly string[] => elementsIn(message).map(({ label }) => label);
const inThreadOf = (message: Message, fits: (reply: Message) => boolean) => (reply: Message) =>
  reply.threadTs === message.ts && fits(reply);

it('a signal becomes one message with picture and buttons, is taken, helped and ended in its thread by the right people', async () => {
  await incidents.raise([signalOf()]);
  const message = await chat.viewer.waitForMessage(reads('🔴', 'full in 5 h', 'INC-1', 'Nobody has acknowledged it yet'));
  expect(message.channel).toBe('C0OPS');
  expect(JSON.stringify(message.blocks)).not.toContain('<!channel>');
  expect(labels(message)).toEqual(['Grow to 20 GiB', 'Acknowledge', 'Snooze…', 'Silence…', 'Resolve…', 'Show an incident']);
  expect(textOf(message)).toContain('What may help: Move it to a larger pool');
  const picture = await chat.viewer.waitForMessage(inThreadOf(message, ({ files }) => files.length > 0));
  const [file] = picture.files;
  expect(file?.alt).toContain('name-of-web');
  expect((await chat.viewer.file(file?.path ?? '')).bytes.subarray(1, 4).toString()).toBe('PNG');

  // Who only looks may not take it.
  await chat.viewer.press(message, 'Acknowledge');
  await chat.viewer.waitForMessage(
    ({ ephemeralFor, ...reply }) => ephemeralFor === 'U0VIEWER' && reads('action_unknown')(reply as Message),
  );
  expect(await incidents.get('INC-1')).toMatchObject({ state: 'open' });

  await chat.operator.press(message, 'Acknowledge');
  const taken = await chat.viewer.waitForMessage((next) => next.ts === message.ts && reads('Acknowledged by *operator.default*')(next));
  expect(labels(taken)).not.toContain('Acknowledge');

  await chat.operator.press(taken, 'Grow to 20 GiB');
  const question = await chat.operator.waitForMessage(inThreadOf(message, reads('The disk of name-of-web grows to 20 GiB.')));
  await chat.admin.press(question, 'Yes: Grow');
  await chat.admin.waitForMessage(
    ({ ephemeralFor, ...reply }) => ephemeralFor === 'U0ADMIN' && reads('confirmation_not_yours')(reply as Message),
  );
  expect(grown).toEqual([]);
  await chat.operator.press(question, 'Yes: Grow');
  await chat.operator.waitForMessage(inThreadOf(message, reads('✅', 'Grow the disk of a VM')));
  expect(grown).toEqual(['web']);

  await incidents.raise([signalOf({ state: 'resolved', summary: 'Disk vda of name-of-web is at 45 %.' })]);
  const ended = await chat.viewer.waitForMessage((next) => next.ts === message.ts && reads('✅', 'Resolved')(next));
  expect(labels(ended)).toEqual(['Show an incident']);
  await chat.viewer.waitForMessage(inThreadOf(message, reads('*INC-1* is resolved.')));
  const inChannel = chat.viewer.state.messages.filter(
    (next) => next.channel === 'C0OPS' && next.threadTs === null && next.ephemeralFor === null,
  );
  expect(inChannel.map(({ ts }) => ts)).toEqual([message.ts]);

  const timeline = await incidents.timeline('INC-1');
  await expect
    .poll(async () => (await incidents.timeline('INC-1')).map(({ kind }) => kind))
    .toEqual(['opened', 'signal', 'told', 'acknowledged', 'action', 'signal', 'resolved', 'told']);
  expect(timeline.find(({ kind }) => kind === 'action')?.text).toBe('Grow the disk of a VM (name-of-web) by operator.default: done');
});

it('goes on in the same message after the hub has restarted, also when Slack took it and the answer was lost', async () => {
  const raised = signalOf({
    key: 'cpu/vm/other',
    subject: { kind: 'vm', id: 'other', name: 'other', tenant: 'default' },
    summary: 'Other is busy.',
  });
  await incidents.raise([raised]);
  const message = await chat.viewer.waitForMessage(reads('Other is busy.', 'INC-2'));
  await expect.poll(async () => (await incidents.timeline('INC-2')).some(({ kind }) => kind === 'told')).toBe(true);
  await chat.stopHub();
  // As if the hub had died before it knew.
  await chat.forgetTellings();
  await chat.startHub();
  await incidents.raise([{ ...raised, at: Date.now() }, signalOf({ state: 'resolved' })]);
  await incidents.raise([{ ...raised, severity: 'warning', at: Date.now() }]);
  await chat.viewer.waitForMessage((next) => next.ts === message.ts && reads('warning')(next));
  expect(chat.viewer.state.messages.filter(reads('INC-2: Other is busy.'))).toHaveLength(1);
});

it('a silence from its button is asked for in a form, shown in the message, and told when it starts', async () => {
  const message = await chat.operator.waitForMessage(reads('Other is busy.'));
  await chat.operator.press(message, 'Silence…');
  const view = await chat.operator.waitForView();
  await chat.operator.submit(view, { reason: 'known', forSeconds: '1h' });
  await chat.operator.waitForMessage((next) => next.ts === message.ts && reads('🔕 silenced by SIL-1')(next));
  expect(await chat.operator.waitForMessage(reads('🔕 Silenced: *INC-2*', 'known'))).toMatchObject({ threadTs: null });
});

it('is told after an outage of Slack, in the conversation with the person whom the route names', async () => {
  chat.sandbox.faults.outage(true);
  const subject = { kind: 'vm', id: 'third', name: 'third', tenant: 'default' };
  await incidents.raise([signalOf({ key: 'cpu/vm/third', severity: 'info', subject, summary: 'Third is idle.' })]);
  await expect.poll(() => chat.sandbox.faults.refused()).toBeGreaterThan(0);
  chat.sandbox.faults.outage(false);
  const message = await chat.operator.waitForMessage(reads('Third is idle.'));
  expect(message.channel).toBe('D0OPERATOR');
  expect(chat.viewer.state.messages.some(reads('Third is idle.'))).toBe(false);
});
