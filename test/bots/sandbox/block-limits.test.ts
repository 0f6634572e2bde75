import { describe, expect, it } from 'vitest';
import { refuseMessage, refuseOptions, refuseView } from '../../../bots/sandbox/block-limits.ts';

const letters = (count: number): string => 'x'.repeat(count);
const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });
const button = (changes: object = {}) => ({ type: 'button', action_id: 'a', text: plain('Go'), ...changes });
const option = (value: string, text = value) => ({ text: plain(text), value });
const options = (count: number) => Array.from({ length: count }, (_, index) => option(`v${index}`));
const many = (count: number, make: (index: number) => object): object[] => Array.from({ length: count }, (_, index) => make(index));
const input = (element: object, changes: object = {}) => ({ type: 'input', block_id: 'f', label: plain('Field'), element, ...changes });
const text = (changes: object = {}) => ({ type: 'plain_text_input', action_id: 'v', ...changes });

/** What Slack takes, and the first thing beyond it that it refuses. */
const LIMITS: readonly { readonly name: string; readonly fits: object; readonly beyond: object }[] = [
  { name: 'a header of 150', fits: { type: 'header', text: plain(letters(150)) }, beyond: { type: 'header', text: plain(letters(151)) } },
  {
    name: 'a section text of 3,000',
    fits: { type: 'section', text: mrkdwn(letters(3000)) },
    beyond: { type: 'section', text: mrkdwn(letters(3001)) },
  },
  { name: 'a section text that is not empty', fits: { type: 'section', text: mrkdwn('x') }, beyond: { type: 'section', text: mrkdwn('') } },
  {
    name: '10 fields',
    fits: { type: 'section', fields: many(10, () => mrkdwn('x')) },
    beyond: { type: 'section', fields: many(11, () => mrkdwn('x')) },
  },
  {
    name: 'a field of 2,000',
    fits: { type: 'section', fields: [mrkdwn(letters(2000))] },
    beyond: { type: 'section', fields: [mrkdwn(letters(2001))] },
  },
  {
    name: '25 elements in actions',
    fits: { type: 'actions', elements: many(25, (index) => button({ action_id: `a${index}` })) },
    beyond: { type: 'actions', elements: many(26, (index) => button({ action_id: `a${index}` })) },
  },
  { name: 'at least one element in actions', fits: { type: 'actions', elements: [button()] }, beyond: { type: 'actions', elements: [] } },
  {
    name: 'action ids that differ within a block',
    fits: { type: 'actions', elements: [button(), button({ action_id: 'b' })] },
    beyond: { type: 'actions', elements: [button(), button()] },
  },
  {
    name: '10 elements in context',
    fits: { type: 'context', elements: many(10, () => mrkdwn('x')) },
    beyond: { type: 'context', elements: many(11, () => mrkdwn('x')) },
  },
  {
    name: 'a button text of 75',
    fits: { type: 'actions', elements: [button({ text: plain(letters(75)) })] },
    beyond: { type: 'actions', elements: [button({ text: plain(letters(76)) })] },
  },
  {
    name: 'a button value of 2,000',
    fits: { type: 'actions', elements: [button({ value: letters(2000) })] },
    beyond: { type: 'actions', elements: [button({ value: letters(2001) })] },
  },
  {
    name: 'a button text without markup',
    fits: { type: 'actions', elements: [button()] },
    beyond: { type: 'actions', elements: [button({ text: mrkdwn('Go') })] },
  },
  {
    name: 'an action id of 255',
    fits: { type: 'actions', elements: [button({ action_id: letters(255) })] },
    beyond: { type: 'actions', elements: [button({ action_id: letters(256) })] },
  },
  { name: 'a block id of 255', fits: { type: 'divider', block_id: letters(255) }, beyond: { type: 'divider', block_id: letters(256) } },
  {
    name: 'styles that exist',
    fits: { type: 'actions', elements: [button({ style: 'danger' })] },
    beyond: { type: 'actions', elements: [button({ style: 'warning' })] },
  },
  { name: 'properties that exist', fits: { type: 'divider' }, beyond: { type: 'divider', colour: 'red' } },
  { name: 'blocks that exist', fits: { type: 'divider' }, beyond: { type: 'data_visualization' } },
  {
    name: '100 options',
    fits: input({ type: 'static_select', action_id: 'v', options: options(100) }),
    beyond: input({ type: 'static_select', action_id: 'v', options: options(101) }),
  },
  {
    name: 'an option value of 150',
    fits: input({ type: 'static_select', action_id: 'v', options: [option(letters(150), 'x')] }),
    beyond: input({ type: 'static_select', action_id: 'v', options: [option(letters(151), 'x')] }),
  },
  {
    name: 'an option text of 75',
    fits: input({ type: 'static_select', action_id: 'v', options: [option('v', letters(75))] }),
    beyond: input({ type: 'static_select', action_id: 'v', options: [option('v', letters(76))] }),
  },
  {
    name: 'an initial option that is one of the options',
    fits: input({ type: 'static_select', action_id: 'v', options: options(2), initial_option: option('v1') }),
    beyond: input({ type: 'static_select', action_id: 'v', options: options(2), initial_option: option('other') }),
  },
  {
    name: '10 checkboxes',
    fits: input({ type: 'checkboxes', action_id: 'v', options: options(10) }),
    beyond: input({ type: 'checkboxes', action_id: 'v', options: options(11) }),
  },
  {
    name: 'a placeholder of 150',
    fits: input(text({ placeholder: plain(letters(150)) })),
    beyond: input(text({ placeholder: plain(letters(151)) })),
  },
  {
    name: 'an initial value of 3,000',
    fits: input(text({ initial_value: letters(3000) })),
    beyond: input(text({ initial_value: letters(3001) })),
  },
  {
    name: 'numbers as text in number_input',
    fits: input({ type: 'number_input', action_id: 'v', is_decimal_allowed: false, min_value: '1' }),
    beyond: input({ type: 'number_input', action_id: 'v', is_decimal_allowed: false, min_value: 1 }),
  },
  {
    name: 'a label of 2,000',
    fits: input(text(), { label: plain(letters(2000)) }),
    beyond: input(text(), { label: plain(letters(2001)) }),
  },
  { name: 'a hint of 2,000', fits: input(text(), { hint: plain(letters(2000)) }), beyond: input(text(), { hint: plain(letters(2001)) }) },
  {
    name: 'an instant of ten digits',
    fits: input({ type: 'datetimepicker', action_id: 'v', initial_date_time: 1_700_000_000 }),
    beyond: input({ type: 'datetimepicker', action_id: 'v', initial_date_time: 17 }),
  },
  {
    name: 'a picture with an alternative text',
    fits: { type: 'image', image_url: 'https://a.example/x.png', alt_text: 'x' },
    beyond: { type: 'image', image_url: 'https://a.example/x.png' },
  },
  {
    name: 'a table of 20 columns',
    fits: { type: 'table', rows: [many(20, () => ({ type: 'raw_text', text: 'x' }))] },
    beyond: { type: 'table', rows: [many(21, () => ({ type: 'raw_text', text: 'x' }))] },
  },
  {
    name: 'a table of 100 rows',
    fits: { type: 'table', rows: many(100, () => [{ type: 'raw_text', text: 'x' }]) },
    beyond: { type: 'table', rows: many(101, () => [{ type: 'raw_text', text: 'x' }]) },
  },
  { name: 'an alert of 200', fits: { type: 'alert', text: plain(letters(200)) }, beyond: { type: 'alert', text: plain(letters(201)) } },
  { name: 'markdown of 12,000', fits: { type: 'markdown', text: letters(12_000) }, beyond: { type: 'markdown', text: letters(12_001) } },
];

describe('limits of blocks', () => {
  it.each(LIMITS)('takes $name and refuses what is beyond', ({ fits, beyond }) => {
    expect(refuseMessage({ blocks: [fits] })).toBeUndefined();
    expect(refuseMessage({ blocks: [beyond] })).toMatchObject({
      error: 'invalid_blocks',
      messages: [expect.stringContaining('json-pointer:/blocks/0')],
    });
  });
});

describe('limits of messages', () => {
  it('refuses a message with neither text nor blocks', () => {
    expect(refuseMessage({})?.error).toBe('no_text');
    expect(refuseMessage({ text: '', blocks: [] })?.error).toBe('no_text');
  });

  it('refuses a text beyond 40,000 characters, and beyond 4,000 in an update', () => {
    expect(refuseMessage({ text: letters(40_000) })).toBeUndefined();
    expect(refuseMessage({ text: letters(40_001) })?.error).toBe('msg_too_long');
    expect(refuseMessage({ text: letters(4_001) }, 4_000)?.error).toBe('msg_too_long');
  });

  it('refuses more than 50 blocks', () => {
    expect(refuseMessage({ blocks: many(50, () => ({ type: 'divider' })) })).toBeUndefined();
    expect(refuseMessage({ blocks: many(51, () => ({ type: 'divider' })) })?.error).toBe('invalid_blocks');
  });

  it('refuses blocks whose text is too long together', () => {
    const blocks = (count: number) => many(count, () => ({ type: 'section', text: mrkdwn(letters(3_000)) }));
    expect(refuseMessage({ blocks: blocks(4) })).toBeUndefined();
    expect(refuseMessage({ blocks: blocks(5) })?.error).toBe('msg_blocks_too_long');
  });

  it('refuses two blocks of one id', () => {
    expect(refuseMessage({ blocks: many(2, () => ({ type: 'divider', block_id: 'same' })) })?.error).toBe('invalid_blocks');
  });

  it('refuses blocks that are no list, and entries that are no blocks', () => {
    expect(refuseMessage({ blocks: {} })?.error).toBe('invalid_blocks_format');
    expect(refuseMessage({ blocks: [null] })?.error).toBe('invalid_blocks');
    expect(refuseMessage({ blocks: [{ type: 'constructor' }] })?.error).toBe('invalid_blocks');
  });
});

describe('limits of views', () => {
  const modal = (changes: object = {}) => ({ type: 'modal', title: plain('Title'), submit: plain('Go'), blocks: [], ...changes });

  it.each([
    ['a title', { title: plain(letters(24)) }, { title: plain(letters(25)) }],
    ['a submit label', { submit: plain(letters(24)) }, { submit: plain(letters(25)) }],
    ['private metadata', { private_metadata: letters(3_000) }, { private_metadata: letters(3_001) }],
    ['a callback id', { callback_id: letters(255) }, { callback_id: letters(256) }],
    ['blocks', { blocks: many(100, () => ({ type: 'divider' })) }, { blocks: many(101, () => ({ type: 'divider' })) }],
  ])('bounds %s of a modal', (_, fits, beyond) => {
    expect(refuseView(modal(fits), 'modal')).toBeUndefined();
    expect(refuseView(modal(beyond), 'modal')?.error).toBe('invalid_arguments');
  });

  it('refuses a modal with inputs that cannot be sent', () => {
    const { submit: _, ...withoutSubmit } = modal({ blocks: [input(text())] });
    expect(refuseView(withoutSubmit, 'modal')?.messages).toEqual([expect.stringContaining('submit')]);
  });

  it('refuses a Home tab where a modal belongs', () => {
    expect(refuseView({ type: 'home', blocks: [] }, 'modal')?.error).toBe('invalid_arguments');
    expect(refuseView({ type: 'home', blocks: [] }, 'home')).toBeUndefined();
  });

  it('refuses more than 100 found options', () => {
    expect(refuseOptions({ options: options(100) })).toBeUndefined();
    expect(refuseOptions({ options: options(101) })?.error).toBe('invalid_options');
  });
});
