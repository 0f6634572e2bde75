import type { Confirmation } from 'novacron/plugin';
import { button, buttons, context, PRESS, section, type Content } from './block-kit.ts';
import { bold, escape, mention, moment } from './mrkdwn.ts';

const SENTENCES_MAX = 12;

const about = ({ target }: Confirmation): string => (target && target.kind !== 'tenant' ? ` · ${bold(target.name, 100)}` : '');

/** The question: what would happen, who may answer, until when. Buttons carry the opaque token and nothing else. */
export function confirmationContent(confirmation: Confirmation, asked: { readonly user: string; readonly label: string }): Content {
  const sign = confirmation.risk === 'destroy' ? '🛑' : '⚠️';
  const shown = confirmation.plan.sentences.slice(0, SENTENCES_MAX).map((sentence) => `•  ${escape(sentence, 180)}`);
  const left = confirmation.plan.sentences.length - shown.length;
  const sentences = [...shown, ...(left > 0 ? [`•  … and ${left} more`] : [])].join('\n');
  const who =
    confirmation.by === 'actor' ? `Only ${mention(asked.user)} can answer` : `Somebody other than ${mention(asked.user)} has to answer`;
  const value = confirmation.token;
  return {
    text: `${sign} ${escape(confirmation.title, 200)}: please confirm`,
    blocks: [
      section(`${sign} ${bold(confirmation.title, 200)}${about(confirmation)}${sentences === '' ? '' : `\n${sentences}`}`),
      ...buttons([
        button({ id: PRESS.confirm, label: `Yes: ${asked.label}`, value, style: confirmation.risk === 'destroy' ? 'danger' : 'primary' }),
        button({ id: PRESS.decline, label: 'No, leave it', value }),
      ]),
      context(`${who}, until ${moment(confirmation.expiresAt)}.`),
    ],
  };
}

/** The same message when there is nothing left to answer. */
export function settledContent(title: string, sentence: string): Content {
  const line = `▫️ ${bold(title, 200)}\n${escape(sentence, 1_500)}`;
  return { text: `${escape(title, 200)}: ${escape(sentence, 1_500)}`, blocks: [section(line)] };
}
