import { HubError } from 'novacron/plugin';
import { section, type Content } from './block-kit.ts';
import type { Asker, Bot } from './bot.ts';
import { escape, inlineCode } from './mrkdwn.ts';
import { whisper } from './replies.ts';

/** A chat user before we know who that is in the hub. */
export type Stranger = Omit<Asker, 'actor'>;

const note = (text: string): Content => ({ text, blocks: [section(text)] });

export const noteContent = (sentence: string): Content => note(escape(sentence, 2_900));

/** What is wrong, and the stable code by which the docs know it. */
export const refusalText = ({ message, code }: HubError): string => `${escape(message, 2_000)} ${inlineCode(code, 80)}`;

export const refusalContent = (error: HubError): Content => note(refusalText(error));

/** What to do when nobody in the hub is linked to this chat user. */
const strangerContent = (hubUrl: string): Content =>
  note(
    `I do not know who you are in the hub, so I do nothing in your name. Ask your admin for a user, sign in at ${escape(hubUrl, 200)}, ` +
      `get a code with ${inlineCode('me link-code')}, then type ${inlineCode('/nova link CODE')} here.`,
  );

/** Looks the person up at this moment; tells a stranger how to be linked. */
export async function identify(bot: Bot, stranger: Stranger): Promise<Asker | undefined> {
  const actor = await bot.users.byChat(stranger.workspace, stranger.user);
  if (actor) return { ...stranger, actor };
  await whisper(bot, stranger, strangerContent(bot.hubUrl()));
  return undefined;
}

/** `/nova link CODE` is the one command for strangers. */
export async function link(bot: Bot, stranger: Stranger, code: string): Promise<void> {
  if (code === '') return whisper(bot, stranger, note(`Give the code too: ${inlineCode('/nova link CODE')}.`));
  const actor = await bot.users.redeemLinkCode(code, stranger.workspace, stranger.user);
  await whisper(
    bot,
    stranger,
    noteContent(`Welcome, ${actor.name}. You are ${actor.role} in tenant ${actor.tenant}. Type /nova help to see what you can do.`),
  );
}

/** Runs a handler; what goes wrong becomes a sentence for the person, and the log has the rest. */
export async function guarded(bot: Bot, stranger: Stranger, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (bot.signal.aborted) return;
    if (!HubError.is(error)) bot.log.error({ err: error }, 'A handler of the chat app failed');
    const said = HubError.is(error) ? refusalContent(error) : noteContent('Something went wrong here. The log of the hub has more.');
    await whisper(bot, stranger, said).catch((failure: unknown) =>
      bot.log.warn({ err: failure }, 'The person could not be told of an error'),
    );
  }
}
