import type { EventTypes, HubEvent, View } from 'novacron/plugin';
import type { Bot } from './bot.ts';
import { uploadPictures } from './pictures.ts';
import { viewBlocks, viewText } from './view-blocks.ts';
// The events of reports are declared there.
import type { ReportEvents } from '../../plugins/reports/port.ts';

type ReportEvent = HubEvent<keyof ReportEvents & keyof EventTypes>;

const viewOf = ({ type, data }: ReportEvent): View =>
  type === 'report.ran' && 'view' in data
    ? data.view
    : { text: `${data.title} failed. ${'failure' in data ? data.failure.message : ''} To see it: report show ${data.report}` };

async function post(bot: Bot, event: ReportEvent): Promise<void> {
  const { audience } = event.data;
  if (audience === null) return;
  const view = viewOf(event);
  const message = { channel: audience, text: viewText(view), blocks: viewBlocks(view), unfurl_links: false };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- This is Slack's method, not that of a window.
  const sent = await bot.client.chat.postMessage(message);
  if (sent.channel !== undefined && sent.ts !== undefined)
    await uploadPictures(bot, { channel: sent.channel, ts: sent.ts }, view.pictures ?? []);
}

/** Posts what reports on a schedule say to the channels that their schedules name; questions about them go into the thread. Ends with the bot's signal. */
export async function postReports(bot: Bot): Promise<void> {
  const events = bot.events.subscribe({ actor: null, types: ['report.ran', 'report.failed'], signal: bot.signal });
  for await (const event of events)
    if (event.type !== 'gap')
      await post(bot, event as ReportEvent).catch((error: unknown) => bot.log.warn({ err: error }, 'A report could not be posted'));
}
