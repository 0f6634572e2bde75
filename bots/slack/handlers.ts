import type { App } from '@slack/bolt';
import type { Asker, Bot } from './bot.ts';
import { PRESS } from './block-kit.ts';
import { runWords } from './command.ts';
import { readMeta, type ElementState } from './form-blocks.ts';
import { publishHome } from './home.ts';
import { guarded, identify, link, type Stranger } from './people.ts';
import type { Stage } from './perform.ts';
import { runPress } from './press.ts';
import { createSeen } from './seen.ts';
import { runSubmission, searchOptions } from './submit.ts';

/** Loosely typed parts of Slack's payloads that the handlers read; each is checked where it is used. */
interface Interaction {
  readonly team?: { readonly id?: string } | null;
  readonly user: { readonly id: string };
  readonly trigger_id?: string;
  readonly response_url?: string;
  readonly channel?: { readonly id?: string };
  readonly container?: { readonly message_ts?: string; readonly thread_ts?: string; readonly is_ephemeral?: boolean };
  readonly message?: { readonly text?: string; readonly thread_ts?: string };
}

interface ActionPart {
  readonly action_id: string;
  readonly value?: string;
  readonly action_ts?: string;
}

const strangerOf = (body: Interaction, workspace: string, key: string): Stranger => ({
  workspace: body.team?.id ?? workspace,
  user: body.user.id,
  channel: body.channel?.id ?? null,
  threadTs: body.container?.thread_ts ?? body.message?.thread_ts ?? null,
  messageTs: body.container?.is_ephemeral === true ? null : (body.container?.message_ts ?? null),
  responseUrl: body.response_url ?? null,
  triggerId: body.trigger_id ?? null,
  key: `slack:${key}`,
});

/** Title of the message whose button was pressed, as it was announced: `🛑 Delete a VM: please confirm`. */
const titleOf = (text: string | undefined): string =>
  (text ?? 'This question')
    .replace(/: please confirm$/, '')
    .replace(/^\p{Extended_Pictographic}\uFE0F?\s*/u, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

interface Wiring {
  readonly stage: Stage;
  readonly bot: Bot;
  readonly workspace: string;
  readonly isNew: (key: string) => boolean;
}

/** Runs `work` for the person who is behind a payload, with errors told to them. */
async function forPerson({ bot }: Wiring, stranger: Stranger, work: (asker: Asker) => Promise<void>): Promise<void> {
  await guarded(bot, stranger, async () => {
    const asker = await identify(bot, stranger);
    if (asker) await work(asker);
  });
}

function onCommand(app: App, wiring: Wiring): void {
  app.command('/nova', async ({ command, ack }) => {
    await ack();
    if (!wiring.isNew(command.trigger_id)) return;
    const stranger: Stranger = {
      workspace: command.team_id,
      user: command.user_id,
      channel: command.channel_id,
      threadTs: null,
      messageTs: null,
      responseUrl: command.response_url,
      triggerId: command.trigger_id,
      key: `slack:${command.trigger_id}`,
    };
    const code = /^link(?:\s+(\S+))?\s*$/.exec(command.text.trim());
    if (code) return guarded(wiring.bot, stranger, () => link(wiring.bot, stranger, code[1] ?? ''));
    await forPerson(wiring, stranger, (asker) => runWords(wiring.stage, asker, command.text));
  });
}

function onPress(app: App, wiring: Wiring): void {
  app.action(/^nova\./, async ({ ack, body, action }) => {
    await ack();
    const part = action as unknown as ActionPart;
    const pressed = body as unknown as Interaction;
    const key = pressed.trigger_id ?? `${part.action_ts ?? ''}:${part.action_id}`;
    if (!wiring.isNew(key)) return;
    const stranger = strangerOf(pressed, wiring.workspace, key);
    // A select in a form has nothing to say until the form is sent.
    if (part.action_id === PRESS.pick) return;
    if (part.action_id.startsWith(PRESS.home)) {
      return guarded(wiring.bot, stranger, () => publishHome(wiring.bot, stranger.workspace, stranger.user));
    }
    const press = { actionId: part.action_id, value: part.value ?? '', title: titleOf(pressed.message?.text) };
    await forPerson(wiring, stranger, (asker) => runPress(wiring.stage, asker, press));
  });
}

function onForm(app: App, wiring: Wiring): void {
  app.view(PRESS.form, async ({ ack, body, view }) => {
    const meta = readMeta(view.private_metadata);
    // The id stays when the form is sent again after an error; its content does not.
    const key = `${view.id}:${view.hash}`;
    const stranger: Stranger = {
      workspace: body.team?.id ?? wiring.workspace,
      user: body.user.id,
      channel: meta?.channel ?? null,
      threadTs: meta?.threadTs ?? null,
      messageTs: null,
      responseUrl: meta?.responseUrl ?? null,
      triggerId: null,
      key: `slack:${key}`,
    };
    let isAcknowledged = false;
    const acknowledge = async (errors?: Readonly<Record<string, string>>): Promise<void> => {
      if (isAcknowledged) return;
      isAcknowledged = true;
      await (errors ? ack({ response_action: 'errors', errors: { ...errors } }) : ack());
    };
    // Slack sends the same submission twice when it did not hear of the first.
    if (!wiring.isNew((body as unknown as Interaction).trigger_id ?? key)) return acknowledge();
    const values = view.state.values as Readonly<Record<string, Readonly<Record<string, ElementState>>>>;
    await forPerson(wiring, stranger, async (asker) => {
      if (meta) await runSubmission(wiring.stage, asker, { meta, values, acknowledge });
    });
    await acknowledge();
  });
  app.options(PRESS.pick, async ({ ack, body, payload }) => {
    const search = body as unknown as Interaction & { readonly view?: { readonly private_metadata?: string }; readonly block_id?: string };
    const workspace = search.team?.id ?? wiring.workspace;
    const actor = await wiring.bot.users.byChat(workspace, search.user.id);
    if (!actor) return ack({ options: [] });
    const asker: Asker = { ...strangerOf(search, workspace, ''), actor };
    const metadata = search.view?.private_metadata ?? '';
    const options = await searchOptions(wiring.bot, asker, { metadata, field: search.block_id ?? '', text: payload.value });
    await ack({ options });
  });
}

/** A mention or a direct message is a command too: `@Nova vm list`. */
function onTalk(app: App, wiring: Wiring): void {
  const talk = async (said: {
    user: string;
    text: string;
    channel: string;
    ts: string;
    threadTs: string | null;
    team: string;
  }): Promise<void> => {
    if (!wiring.isNew(`${said.channel}:${said.ts}`)) return;
    const { channel, threadTs, team: workspace, user } = said;
    const place = { channel, threadTs, messageTs: null, responseUrl: null, triggerId: null };
    const stranger: Stranger = { workspace, user, ...place, key: `slack:${channel}:${said.ts}` };
    const words = said.text
      .replace(/^\s*<@[A-Z0-9]+>/, '')
      .replace(/^\s*\/nova\b/, '')
      .trim();
    await forPerson(wiring, stranger, (asker) => runWords(wiring.stage, asker, words));
  };
  app.event('app_mention', async ({ event, body }) => {
    if (event.user === undefined) return;
    await talk({
      user: event.user,
      text: event.text,
      channel: event.channel,
      ts: event.ts,
      // Answers to a mention stand in its thread, where everybody sees what was asked.
      threadTs: event.thread_ts ?? event.ts,
      team: body.team_id,
    });
  });
  app.message(async ({ message, body }) => {
    if (message.subtype !== undefined || message.channel_type !== 'im' || message.text === undefined || message.bot_id !== undefined)
      return;
    await talk({
      user: message.user,
      text: message.text,
      channel: message.channel,
      ts: message.ts,
      threadTs: message.thread_ts ?? null,
      team: body.team_id,
    });
  });
}

/** Hangs the bot onto the app. Every listener acknowledges before it waits for anything of ours; a form waits a moment for its errors. */
export function registerHandlers(app: App, stage: Stage, workspace: string): void {
  const wiring: Wiring = { stage, bot: stage.bot, workspace, isNew: createSeen() };
  onCommand(app, wiring);
  onPress(app, wiring);
  onForm(app, wiring);
  onTalk(app, wiring);
  app.event('app_home_opened', async ({ event, body }) => {
    if (event.tab !== 'home') return;
    try {
      await publishHome(stage.bot, body.team_id, event.user);
    } catch (error) {
      stage.bot.log.warn({ err: error }, 'The Home tab could not be shown');
    }
  });
  app.error(async (error) => stage.bot.log.error({ err: error }, 'A listener of the chat app failed'));
}
