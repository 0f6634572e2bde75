import { HubError, type ActionDescription, type Confirmation, type Json, type Outcome, type View } from 'novacron/plugin';
import { buttons, section, type Content } from './block-kit.ts';
import type { Asker, Bot } from './bot.ts';
import { confirmationContent } from './confirmation-blocks.ts';
import { formView } from './form-blocks.ts';
import type { JobMessages } from './job-messages.ts';
import { escape } from './mrkdwn.ts';
import { refusalText } from './people.ts';
import { offerButton, offerButtons, suggestionButtons, thingMade, thingsIn } from './offers.ts';
import { uploadPictures } from './pictures.ts';
import { post, slackError, whisper } from './replies.ts';
import { viewBlocks, viewText } from './view-blocks.ts';

export interface Performance {
  readonly action: ActionDescription;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Stage {
  readonly bot: Bot;
  readonly jobMessages: JobMessages;
}

/** Runs an action and shows what came of it. */
export async function perform(stage: Stage, asker: Asker, performance: Performance): Promise<void> {
  const { action, input } = performance;
  try {
    await present(stage, asker, { ...performance, outcome: await execute(stage.bot, asker, performance) });
  } catch (error) {
    if (!HubError.is(error) || error.status !== 400 || action.fields.length === 0) throw error;
    const form = offerButton(action, { action: action.id, input, asForm: true }, 0);
    const text = refusalText(error);
    await whisper(stage.bot, asker, { text, blocks: [section(text), ...buttons(form ? [form] : [])] });
  }
}

export const execute = ({ actions, signal }: Bot, { actor, key }: Asker, { action, input }: Performance): Promise<Outcome> =>
  actions.execute(action.id, input, { actor, via: 'slack', key: key.slice(0, 200), signal });

/** A result, a job to follow, or a question. */
export async function present(stage: Stage, asker: Asker, done: Performance & { readonly outcome: Outcome }): Promise<void> {
  const { outcome, action, input } = done;
  switch (outcome.is) {
    case 'done':
      return answer(stage, asker, { ...done, output: outcome.output, view: outcome.view });
    case 'accepted':
      return stage.jobMessages.track(asker, outcome.job, thingsIn(action, input));
    case 'confirm':
      return ask(stage, asker, { confirmation: outcome.confirmation, label: action.label });
  }
}

async function ask({ bot }: Stage, asker: Asker, question: { confirmation: Confirmation; label: string }): Promise<void> {
  await post(bot, asker, confirmationContent(question.confirmation, { user: asker.user, label: question.label }));
}

/** What was read is shown to the person alone; pictures go into a thread, since only there Slack takes them. */
async function answer({ bot }: Stage, asker: Asker, done: Performance & { readonly output: Json; readonly view: View }): Promise<void> {
  const { view, action, input, output } = done;
  const things = { ...thingsIn(action, input), ...thingMade(action.id, output) };
  const allowed = bot.actions.list(asker.actor);
  const next = [...suggestionButtons(view.suggestions ?? [], allowed), ...offerButtons(view.card?.actions ?? [], allowed, { things })];
  const content: Content = { text: viewText(view), blocks: [...blocksOf(view), ...buttons(next)] };
  const pictures = view.pictures ?? [];
  if (pictures.length === 0) {
    return asker.threadTs === null ? whisper(bot, asker, content) : void (await post(bot, asker, content));
  }
  const at = await post(bot, asker, content);
  await uploadPictures(bot, { channel: at.channel, ts: at.threadTs ?? at.ts }, pictures);
}

function blocksOf(view: View): Content['blocks'] {
  const blocks = viewBlocks(view);
  return blocks.length > 0 ? blocks : [section(viewText(view))];
}

export interface FormRequest extends Performance {
  readonly problem?: string;
}

/** Opens the form of an action. A trigger lives for 3 s: when it is over, a button makes a fresh one. */
export async function openForm(stage: Stage, asker: Asker, { action, input, problem }: FormRequest): Promise<void> {
  const { bot } = stage;
  const { channel, threadTs, responseUrl, triggerId } = asker;
  const names = await namesOf(bot, asker, { action, input });
  const view = formView(action, { input, names, meta: { channel, threadTs, responseUrl }, ...(problem !== undefined && { problem }) });
  try {
    if (triggerId === null) throw new HubError('slack_no_trigger', 'A form opens on a command or a button only.', { status: 409 });
    await bot.client.views.open({ trigger_id: triggerId, view });
  } catch (error) {
    if (!/trigger/.test(slackError(error) ?? (HubError.is(error) ? error.code : ''))) throw error;
    const form = offerButton(action, { action: action.id, input, asForm: true }, 0);
    const text = `${escape(action.title, 150)}: some words are missing.`;
    await whisper(bot, asker, { text, blocks: [section(text), ...buttons(form ? [form] : [])] });
  }
}

/** Names of the things that are picked already, to be shown in place of their ids. */
async function namesOf(bot: Bot, asker: Asker, { action, input }: Performance): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const [kind, id] of Object.entries(thingsIn(action, input))) {
    try {
      names[id] = (await bot.resources.get(kind, id, asker.actor)).name;
    } catch (error) {
      if (!HubError.is(error)) throw error;
    }
  }
  return names;
}
