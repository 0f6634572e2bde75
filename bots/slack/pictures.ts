import type { Picture } from 'novacron/plugin';
import type { Bot } from './bot.ts';
import { cut } from './mrkdwn.ts';

const PICTURES_MAX = 6;

const fileName = ({ title, mediaType }: Picture): string => {
  const name = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);
  return `${name || 'picture'}.${mediaType === 'image/png' ? 'png' : 'svg'}`;
};

/** Uploads pictures into the thread of a message, each with the text for those who cannot see it. */
export async function uploadPictures(
  bot: Bot,
  thread: { readonly channel: string; readonly ts: string },
  pictures: readonly Picture[],
): Promise<void> {
  for (const picture of pictures.slice(0, PICTURES_MAX)) {
    await bot.client.files.uploadV2({
      channel_id: thread.channel,
      thread_ts: thread.ts,
      file: Buffer.from(picture.base64, 'base64'),
      filename: fileName(picture),
      title: cut(picture.title, 200),
      alt_text: cut(picture.alt, 1_000),
    });
  }
}
