import type { types } from '@slack/bolt';
import { cut } from './mrkdwn.ts';

export type Block = types.KnownBlock;
export type Button = types.Button;

/** A message: `text` is what a screen reader and a notification say. */
export interface Content {
  readonly text: string;
  readonly blocks: Block[];
}

/** Slack's limits that the bot keeps to; the sandbox enforces them. */
export const LIMITS = {
  sectionTextLength: 3_000,
  fieldTextLength: 2_000,
  fields: 10,
  messageBlocks: 50,
  viewBlocks: 100,
  buttonTextLength: 75,
  buttonValueLength: 2_000,
  titleLength: 24,
  metadataLength: 3_000,
  options: 100,
  optionTextLength: 75,
  optionValueLength: 150,
  updateTextLength: 4_000,
} as const;

export const plain = (text: string, lengthMax: number): types.PlainTextElement => ({
  type: 'plain_text',
  text: cut(text, lengthMax) || ' ',
  emoji: true,
});

/** `text` is mrkdwn that is escaped already and within the limit. */
export const section = (text: string): types.SectionBlock => ({ type: 'section', text: { type: 'mrkdwn', text: text || ' ' } });

export const context = (text: string): types.ContextBlock => ({ type: 'context', elements: [{ type: 'mrkdwn', text: text || ' ' }] });

export const header = (text: string): types.HeaderBlock => ({ type: 'header', text: plain(text, 150) });

export const divider: types.DividerBlock = { type: 'divider' };

export interface ButtonOptions {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly style?: 'primary' | 'danger';
}

export const button = ({ id, label, value, style }: ButtonOptions): Button => ({
  type: 'button',
  action_id: id,
  text: plain(label, LIMITS.buttonTextLength),
  value,
  ...(style && { style }),
});

/** No block for no buttons: Slack refuses an empty one. */
export const buttons = (elements: readonly Button[]): Block[] =>
  elements.length === 0 ? [] : [{ type: 'actions', elements: elements.slice(0, 25) }];

/** What a person presses, by the kind of its value. */
export const PRESS = {
  confirm: 'nova.confirm',
  decline: 'nova.decline',
  cancel: 'nova.cancel',
  /** Value: JSON of `Offer`. A number follows, since ids are unique within a block. */
  offer: 'nova.offer',
  /** The same, but what follows stands in the thread of the message. */
  thread: 'nova.thread',
  /** Value: words. */
  words: 'nova.words',
  pick: 'nova.pick',
  form: 'nova.form',
  home: 'nova.home',
} as const;
