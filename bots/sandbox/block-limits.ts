import {
  all,
  anything,
  boolean,
  byType,
  integer,
  isRecord,
  list,
  numberText,
  object,
  oneOf,
  rule,
  string,
  type Check,
} from './block-shapes.ts';

/**
 * Slack's published limits of Block Kit, messages and views: what it would refuse is refused here, with the same error code.
 * Source: docs.slack.dev reference of blocks, elements, composition objects, chat.postMessage, views.open.
 */

/** An error code of Slack's Web API; `messages` is what it puts into `response_metadata.messages`. */
export interface Refusal {
  readonly error: string;
  readonly messages: readonly string[];
}

export const MESSAGE_BLOCKS_MAX = 50;
export const VIEW_BLOCKS_MAX = 100;
export const MESSAGE_TEXT_LENGTH_MAX = 40_000;
export const UPDATE_TEXT_LENGTH_MAX = 4_000;
/** Undocumented: the text of all blocks of one message. */
export const BLOCKS_TEXT_LENGTH_MAX = 13_200;
export const OPTIONS_MAX = 100;

const actionId = string(255, 1);
const blockId = string(255);
const plain = (lengthMax: number): Check => object({ type: oneOf('plain_text'), text: string(lengthMax, 1), 'emoji?': boolean });
const mrkdwn = (lengthMax: number): Check => object({ type: oneOf('mrkdwn'), text: string(lengthMax, 1), 'verbatim?': boolean });
const anyText = (lengthMax: number): Check => byType({ plain_text: plain(lengthMax), mrkdwn: mrkdwn(lengthMax) });

const confirm = object({
  title: plain(100),
  text: anyText(300),
  confirm: plain(30),
  deny: plain(30),
  'style?': oneOf('primary', 'danger'),
});
export const option = object({ text: anyText(75), value: string(150, 1), 'description?': anyText(75), 'url?': string(3_000) });
const optionGroup = object({ label: plain(75), options: list(option, OPTIONS_MAX) });

const type = anything;
const common = { type, 'action_id?': actionId, 'confirm?': confirm, 'focus_on_load?': boolean };
const placeholder = { 'placeholder?': plain(150) };

const sameOption = (one: unknown, other: unknown): boolean => isRecord(one) && isRecord(other) && one['value'] === other['value'];
const initialIsAnOption = rule((element) => {
  if (!Array.isArray(element['options'])) return true;
  const options: readonly unknown[] = element['options'];
  const initial: readonly unknown[] = Array.isArray(element['initial_options']) ? element['initial_options'] : [element['initial_option']];
  return initial.every((chosen) => chosen === undefined || options.some((candidate) => sameOption(candidate, chosen)));
}, 'initial option must be one of the options');

const button = object({
  ...common,
  text: plain(75),
  'value?': string(2_000),
  'url?': string(3_000),
  'style?': oneOf('primary', 'danger'),
  'accessibility_label?': string(75),
});
const staticSelect = all(
  object({
    ...common,
    ...placeholder,
    'options?': list(option, OPTIONS_MAX),
    'option_groups?': list(optionGroup, 100),
    'initial_option?': option,
  }),
  rule((select) => (select['options'] === undefined) !== (select['option_groups'] === undefined), 'must have options or option_groups'),
  initialIsAnOption,
);
const externalSelect = object({ ...common, ...placeholder, 'initial_option?': option, 'min_query_length?': integer(0, 75) });
const checkboxes = all(object({ ...common, options: list(option, 10), 'initial_options?': list(option, 10) }), initialIsAnOption);
const radioButtons = all(object({ ...common, options: list(option, 10), 'initial_option?': option }), initialIsAnOption);
const overflow = object({ ...common, options: list(option, 5) });
const datetimePicker = object({ ...common, 'initial_date_time?': integer(1_000_000_000, 9_999_999_999) });
const datePicker = object({ ...common, ...placeholder, 'initial_date?': string(10, 10) });
const timePicker = object({ ...common, ...placeholder, 'initial_time?': string(5, 5), 'timezone?': string(64) });
const dispatch = { 'dispatch_action_config?': anything };
const plainTextInput = object({
  ...common,
  ...placeholder,
  ...dispatch,
  'initial_value?': string(3_000),
  'multiline?': boolean,
  'min_length?': integer(0, 3_000),
  'max_length?': integer(1, 3_000),
});
const numberInput = object({
  ...common,
  ...placeholder,
  ...dispatch,
  is_decimal_allowed: boolean,
  'initial_value?': numberText,
  'min_value?': numberText,
  'max_value?': numberText,
});
const imageFields = { type, alt_text: string(2_000, 1), 'image_url?': string(3_000, 1), 'slack_file?': anything };
const hasSource = rule(
  (image) => (image['image_url'] === undefined) !== (image['slack_file'] === undefined),
  'must have image_url or slack_file',
);
const imageElement = all(object(imageFields), hasSource);

const choices = { static_select: staticSelect, external_select: externalSelect, checkboxes, radio_buttons: radioButtons };
const pickers = { datepicker: datePicker, timepicker: timePicker };
const actionElement = byType({ button, overflow, datetimepicker: datetimePicker, ...choices, ...pickers });
const accessory = byType({ button, overflow, image: imageElement, ...choices, ...pickers });
const inputElement = byType({
  plain_text_input: plainTextInput,
  number_input: numberInput,
  datetimepicker: datetimePicker,
  ...choices,
  ...pickers,
});

const id = { type, 'block_id?': blockId };
const uniqueActions = rule((block) => {
  const elements: readonly unknown[] = Array.isArray(block['elements']) ? block['elements'] : [];
  const ids = elements.flatMap((element) => (isRecord(element) && typeof element['action_id'] === 'string' ? [element['action_id']] : []));
  return new Set(ids).size === ids.length;
}, 'action_id already exists within the block');

const cell = byType({
  raw_text: object({ type, text: string(2_000) }),
  raw_number: object({ type, value: anything, 'text?': string(2_000) }),
  rich_text: anything,
});

const block = byType({
  header: object({ ...id, text: plain(150), 'level?': integer(1, 6) }),
  section: all(
    object({ ...id, 'text?': anyText(3_000), 'fields?': list(anyText(2_000), 10), 'accessory?': accessory, 'expand?': boolean }),
    rule((section) => section['text'] !== undefined || section['fields'] !== undefined, 'missing required field: text'),
  ),
  actions: all(object({ ...id, elements: list(actionElement, 25) }), uniqueActions),
  context: object({ ...id, elements: list(byType({ plain_text: plain(2_000), mrkdwn: mrkdwn(2_000), image: imageElement }), 10) }),
  divider: object(id),
  image: all(object({ ...imageFields, 'block_id?': blockId, 'title?': plain(2_000) }), hasSource),
  input: object({
    ...id,
    label: plain(2_000),
    'hint?': plain(2_000),
    'optional?': boolean,
    'dispatch_action?': boolean,
    element: inputElement,
  }),
  rich_text: object({ ...id, elements: list(isTyped(), 100) }),
  markdown: object({ ...id, text: string(12_000, 1) }),
  table: object({ ...id, rows: list(list(cell, 20), 100), 'column_settings?': list(anything, 20, 0) }),
  data_table: object({
    ...id,
    caption: string(2_000, 1),
    rows: list(list(cell, 20), 101, 2),
    'page_size?': integer(1, 100),
    'row_header_column_index?': integer(0, 19),
  }),
  alert: object({ ...id, text: anyText(200), 'level?': oneOf('default', 'info', 'warning', 'error', 'success') }),
});

function isTyped(): Check {
  return rule((value) => typeof value['type'] === 'string', 'missing required field: type');
}

const uniqueBlocks: Check = (value, at, problems) => {
  const seen = new Set<string>();
  if (!Array.isArray(value)) return;
  for (const [index, entry] of value.entries()) {
    const blockId = isRecord(entry) ? entry['block_id'] : undefined;
    if (typeof blockId !== 'string') continue;
    if (seen.has(blockId)) problems.push(`[ERROR] block_id already exists: ${blockId} [json-pointer:${at}/${index}/block_id]`);
    seen.add(blockId);
  }
};

const run = (check: Check, value: unknown, at: string): readonly string[] => {
  const problems: string[] = [];
  check(value, at, problems);
  return problems;
};

/** Sum of the lengths of all strings called `text` in the blocks. */
export const textLengthOf = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce<number>((sum, entry) => sum + textLengthOf(entry), 0);
  if (!isRecord(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [key, entry]) => sum + (key === 'text' && typeof entry === 'string' ? entry.length : textLengthOf(entry)),
    0,
  );
};

const messageBlocks = all(list(block, MESSAGE_BLOCKS_MAX, 0), uniqueBlocks);
const viewBlocks = all(list(block, VIEW_BLOCKS_MAX, 0), uniqueBlocks);

/** What Slack would answer to this message; `undefined`: it takes it. */
export function refuseMessage(
  message: { readonly text?: unknown; readonly blocks?: unknown },
  textLengthMax: number = MESSAGE_TEXT_LENGTH_MAX,
): Refusal | undefined {
  const { text, blocks } = message;
  if (text !== undefined && typeof text !== 'string') return { error: 'invalid_arguments', messages: ['[ERROR] text must be a string'] };
  if (blocks !== undefined && !Array.isArray(blocks)) return { error: 'invalid_blocks_format', messages: [] };
  if (!text && (blocks === undefined || blocks.length === 0)) return { error: 'no_text', messages: [] };
  if (text !== undefined && text.length > textLengthMax) return { error: 'msg_too_long', messages: [] };
  const problems = run(messageBlocks, blocks ?? [], '/blocks');
  if (problems.length > 0) return { error: 'invalid_blocks', messages: problems };
  if (textLengthOf(blocks ?? []) > BLOCKS_TEXT_LENGTH_MAX) return { error: 'msg_blocks_too_long', messages: [] };
  return undefined;
}

const viewParts = {
  type,
  blocks: viewBlocks,
  'private_metadata?': string(3_000),
  'callback_id?': string(255),
  'external_id?': string(255),
  'clear_on_close?': boolean,
  'notify_on_close?': boolean,
};
const modal = all(
  object({ ...viewParts, title: plain(24), 'submit?': plain(24), 'close?': plain(24), 'submit_disabled?': boolean }),
  rule((view) => view['submit'] !== undefined || !hasInput(view['blocks']), 'missing required field: submit'),
);
const home = object({ ...viewParts, 'title?': anything, 'submit?': anything, 'close?': anything });

const hasInput = (blocks: unknown): boolean =>
  Array.isArray(blocks) && blocks.some((entry) => isRecord(entry) && entry['type'] === 'input');

/** The same for a modal or a Home tab. */
export function refuseView(view: unknown, kind: 'modal' | 'home'): Refusal | undefined {
  const problems = run(byType({ [kind]: kind === 'modal' ? modal : home }), view, '/view');
  return problems.length > 0 ? { error: 'invalid_arguments', messages: problems } : undefined;
}

/** What an app may answer to `block_suggestion`. */
export function refuseOptions(answer: unknown): Refusal | undefined {
  const shape = object({ 'options?': list(option, OPTIONS_MAX, 0), 'option_groups?': list(optionGroup, 100, 0) });
  const problems = run(shape, answer, '');
  return problems.length > 0 ? { error: 'invalid_options', messages: problems } : undefined;
}
