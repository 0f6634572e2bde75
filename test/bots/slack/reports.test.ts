import { afterAll, beforeAll, expect, it } from 'vitest';
import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';
import { rasterize } from '../../../plugins/charts/port.ts';
import { Reports, type ReportChannel, type ReportPost } from '../../../plugins/reports/port.ts';
import { until } from '../../kit/collect.ts';
import { runSql } from '../../kit/postgres-server.ts';
import { reads, startChat, type Chat } from './chat.ts';

let channel: ReportChannel | undefined;
/** Stands where reports stand. */
const probe = definePlugin({ name: 'reports', api: 1, config: z.object({}), needs: {}, provides: { reports: Reports } }, () => ({
  start: () => ({
    reports: {
      offer(offered) {
        channel = offered;
        return () => {};
      },
    },
  }),
}));

let chat: Chat;
beforeAll(async () => {
  chat = await startChat(probe);
});
afterAll(() => chat[Symbol.asyncDispose]());

const deliver = (more: Partial<ReportPost>): Promise<{ readonly receipt: string }> => {
  if (channel === undefined) throw new Error('The chat has offered no channel.');
  return channel.deliver({ id: 'run-1', to: '#general', attempt: 1, view: { text: 'Done.' }, ...more }, AbortSignal.timeout(10_000));
};
const picture = async (title: string) => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>';
  return { title, alt: `${title} of four stores`, mediaType: 'image/png' as const, base64: (await rasterize(svg)).toString('base64') };
};
const about = {
  text: 'Capacity and time to full: done. All of it: http://127.0.0.1:7780/api/v1/reports/shared/1',
  card: { title: 'Capacity and time to full', fields: [{ label: 'Full first', value: '8 days (metrics-1 /data)' }], actions: [] },
};
const filesUnder = (ts: string): string[] =>
  chat.viewer.state.messages.filter((reply) => reply.threadTs === ts).flatMap(({ files }) => files.map(({ alt }) => alt));

it('a report on a schedule is posted to its audience, with figures, link and pictures in its thread', async () => {
  const { receipt } = await deliver({ view: { ...about, pictures: [await picture('Days until full')] } });
  const message = await chat.viewer.waitForMessage(reads('Full first', '8 days', '/api/v1/reports/shared/1'));
  expect(message.channel).toBe('C0GENERAL');
  expect(receipt).toBe(`C0GENERAL:${message.ts}`);
  await until('its picture is there', () => filesUnder(message.ts).length > 0);
  expect(filesUnder(message.ts)).toEqual(['Days until full of four stores']);
});

it('one that Slack took though its answer was lost is found again, and only the pictures that are missing follow', async () => {
  const [first, second] = [await picture('Days until full'), await picture('How it grew')];
  const view = { ...about, text: 'Told once.', pictures: [first] };
  const { receipt } = await deliver({ id: 'run-2', view });
  // As if the hub had died before it knew anything of all that, the name of the channel included.
  await runSql(chat.hub.databaseUrl, 'delete from plugin_slack.channel_id');
  await chat.stopHub();
  await chat.startHub();
  expect(await deliver({ id: 'run-2', attempt: 2, view: { ...view, pictures: [first, second] } })).toEqual({ receipt });
  const told = chat.viewer.state.messages.filter(reads('Told once.'));
  expect(told).toHaveLength(1);
  const ts = told[0]?.ts ?? '';
  await until('both pictures are there', () => filesUnder(ts).length > 1);
  expect(filesUnder(ts)).toEqual(['Days until full of four stores', 'How it grew of four stores']);
});

it('one for a channel that is not there is given up', async () => {
  await expect(deliver({ to: '#nowhere' })).rejects.toMatchObject({ code: 'slack_untold', retryable: false });
});

it('one that Slack has no time for is to be tried again', async () => {
  chat.sandbox.faults.outage(true);
  try {
    await expect(deliver({ id: 'run-3' })).rejects.toMatchObject({ code: 'slack_untold', retryable: true });
  } finally {
    chat.sandbox.faults.outage(false);
  }
});
