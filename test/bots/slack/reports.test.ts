import { afterAll, beforeAll, expect, it } from 'vitest';
import { definePlugin, Events } from 'novacron/plugin';
import { z } from 'zod';
import { rasterize } from '../../../plugins/charts/port.ts';
import type { Message } from '../../../bots/sandbox/protocol.ts';
import { reads, startChat, type Chat } from './chat.ts';

let events: Events;
const probe = definePlugin({ name: 'probe', api: 1, config: z.object({}), needs: { events: Events }, provides: {} }, () => ({
  start({ services }) {
    events = services.events;
    return {};
  },
}));

let chat: Chat;
beforeAll(async () => {
  chat = await startChat(probe);
});
afterAll(() => chat[Symbol.asyncDispose]());

const about = { run: '1', report: 'capacity', title: 'Capacity and time to full', audience: '#general' };

it('a report on a schedule is posted to its audience, with figures, link and pictures in its thread', async () => {
  const base64 = (
    await rasterize('<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>')
  ).toString('base64');
  const view = {
    text: 'Capacity and time to full: done. All of it: http://127.0.0.1:7780/api/v1/reports/shared/1',
    card: { title: 'Capacity and time to full', fields: [{ label: 'Full first', value: '8 days (metrics-1 /data)' }], actions: [] },
    pictures: [{ title: 'Days until full', alt: 'Days until full of four stores', mediaType: 'image/png' as const, base64 }],
  };
  await events.publish('report.ran', null, { ...about, audience: null, view: { text: 'not for the chat' } });
  await events.publish('report.ran', null, { ...about, view });
  const message = await chat.viewer.waitForMessage(reads('Full first', '8 days', '/api/v1/reports/shared/1'));
  expect(message.channel).toBe('C0GENERAL');
  const picture = await chat.viewer.waitForMessage((reply: Message) => reply.threadTs === message.ts && reply.files.length > 0);
  expect(picture.files[0]?.alt).toBe('Days until full of four stores');
  expect(chat.viewer.state.messages.filter(reads('not for the chat'))).toEqual([]);
});

it('so is one that failed; a channel that is not there stops nothing', async () => {
  const failure = { code: 'report_timeout', message: 'The notebook ran longer than 120 s and was stopped.', retryable: false };
  await events.publish('report.failed', null, { ...about, audience: '#nowhere', failure });
  await events.publish('report.failed', null, { ...about, failure });
  const message = await chat.viewer.waitForMessage(reads('Capacity and time to full failed.', 'longer than 120 s', 'report show capacity'));
  expect(message.channel).toBe('C0GENERAL');
});
