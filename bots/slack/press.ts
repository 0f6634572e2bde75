import { HubError } from 'novacron/plugin';
import type { Asker } from './bot.ts';
import { PRESS } from './block-kit.ts';
import { runOffer, runWords } from './command.ts';
import { confirmationContent, settledContent } from './confirmation-blocks.ts';
import { readOffer } from './offers.ts';
import { noteContent, refusalContent } from './people.ts';
import type { Stage } from './perform.ts';
import { edit, whisper, type Posted } from './replies.ts';
import { viewBlocks, viewText } from './view-blocks.ts';

/** A pressed button. */
export interface Press {
  readonly actionId: string;
  readonly value: string;
  /** First line of the message that the button stands in. */
  readonly title: string;
}

/** Answers that leave nothing to answer; anything else (a hub or a database that is down) leaves the question open. */
const SETTLES = new Set(['confirmation_expired', 'confirmation_unknown', 'confirmation_mismatch']);

const placeOf = ({ channel, messageTs, threadTs }: Asker): Posted | undefined =>
  channel === null || messageTs === null ? undefined : { channel, ts: messageTs, threadTs };

async function settle({ bot }: Stage, asker: Asker, { title, sentence }: { title: string; sentence: string }): Promise<void> {
  const at = placeOf(asker);
  if (at) await edit(bot, at, settledContent(title, sentence));
}

/** The end of a question that could not be answered, told to the person and written into the message. */
async function refuse(stage: Stage, asker: Asker, refusal: { readonly press: Press; readonly error: unknown }): Promise<void> {
  const { error, press } = refusal;
  if (!HubError.is(error)) throw error;
  const isOver = SETTLES.has(error.code) || (!error.code.startsWith('confirmation_') && !error.retryable && error.status === 404);
  if (isOver) await settle(stage, asker, { title: press.title, sentence: `${error.message} Nothing was done.` });
  await whisper(stage.bot, asker, refusalContent(error));
}

async function confirm(stage: Stage, asker: Asker, press: Press): Promise<void> {
  const { bot, jobMessages } = stage;
  const at = placeOf(asker);
  try {
    const outcome = await bot.actions.confirm(press.value, { actor: asker.actor, via: 'slack', signal: bot.signal });
    if (!at) return;
    switch (outcome.is) {
      case 'accepted':
        return await jobMessages.adopt(asker, outcome.job, at);
      case 'confirm': {
        const { confirmation } = outcome;
        const { label } = bot.actions.describe(confirmation.action, asker.actor);
        return await edit(bot, at, confirmationContent(confirmation, { user: asker.user, label }));
      }
      case 'done':
        return await edit(bot, at, { text: viewText(outcome.view), blocks: viewBlocks(outcome.view) });
    }
  } catch (error) {
    await refuse(stage, asker, { press, error });
  }
}

async function decline(stage: Stage, asker: Asker, press: Press): Promise<void> {
  try {
    await stage.bot.actions.decline(press.value, { actor: asker.actor, via: 'slack' });
    await settle(stage, asker, { title: press.title, sentence: `Declined by ${asker.actor.name}. Nothing was done.` });
  } catch (error) {
    await refuse(stage, asker, { press, error });
  }
}

async function offer(stage: Stage, asker: Asker, press: Press): Promise<void> {
  const offered = readOffer(press.value);
  return offered
    ? runOffer(stage, asker, offered)
    : whisper(stage.bot, asker, noteContent('This button is from another time. Give the command again.'));
}

/** Dispatches a press by the kind of its button. */
export async function runPress(stage: Stage, asker: Asker, press: Press): Promise<void> {
  const { bot } = stage;
  const kind = press.actionId.split('.').slice(0, 2).join('.');
  switch (kind) {
    case PRESS.confirm:
      return confirm(stage, asker, press);
    case PRESS.decline:
      return decline(stage, asker, press);
    case PRESS.cancel:
      return void (await bot.jobs.cancel(press.value, { actor: asker.actor, via: 'slack' }));
    case PRESS.words:
      return runWords(stage, asker, press.value);
    case PRESS.offer:
      return offer(stage, asker, press);
    case PRESS.thread:
      return offer(stage, { ...asker, threadTs: asker.threadTs ?? asker.messageTs }, press);
    default:
      bot.log.warn({ actionId: press.actionId }, 'A button of no known kind was pressed');
  }
}
