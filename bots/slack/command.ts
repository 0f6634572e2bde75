import type { ActionDescription } from 'novacron/plugin';
import type { Asker } from './bot.ts';
import { helpContent, unknownContent } from './help-blocks.ts';
import { asksMore, type Offer } from './offers.ts';
import { openForm, perform, type Stage } from './perform.ts';
import { whisper } from './replies.ts';

/** What was typed after `/nova`: help, a form where words are missing, a guess, or the action itself. */
export async function runWords(stage: Stage, asker: Asker, words: string): Promise<void> {
  const { bot } = stage;
  const parsed = bot.actions.parse(words, asker.actor);
  switch (parsed.is) {
    case 'help':
      return whisper(bot, asker, helpContent(parsed.actions));
    case 'unknown':
      return whisper(bot, asker, unknownContent(parsed.words, parsed.suggestions));
    case 'call': {
      const { action, input, missing } = parsed;
      return missing.length > 0 ? openForm(stage, asker, { action, input }) : perform(stage, asker, { action, input });
    }
  }
}

/** What a button offered: the same path as typed words. */
export async function runOffer(stage: Stage, asker: Asker, offer: Offer): Promise<void> {
  const action: ActionDescription = stage.bot.actions.describe(offer.action, asker.actor);
  const { input } = offer;
  return offer.asForm === true || asksMore(action, input)
    ? openForm(stage, asker, { action, input })
    : perform(stage, asker, { action, input });
}
