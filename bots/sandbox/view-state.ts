import { isRecord } from './block-shapes.ts';
import type { Block, ElementState, Option, ViewValues } from './protocol.ts';

/** Slack's own words, which its clients say before the app hears anything. */
const REQUIRED = 'This is a required field';

interface Element {
  readonly type: string;
  readonly action_id: string;
  readonly [key: string]: unknown;
}

const isElement = (value: unknown): value is Element =>
  isRecord(value) && typeof value['type'] === 'string' && typeof value['action_id'] === 'string';

/** The interactive elements of a block; those without an action id get one, as Slack does. */
export function elementsOf(block: Block): readonly Element[] {
  const list: readonly unknown[] = Array.isArray(block['elements']) ? block['elements'] : [block['element'], block['accessory']];
  return list
    .filter(isRecord)
    .map((element, index) => ({ action_id: `a${index}`, ...element }))
    .filter(isElement);
}

export function findElement(blocks: readonly Block[], blockId: string, actionId: string): Element | undefined {
  const block = blocks.find((candidate) => candidate.block_id === blockId);
  return block && elementsOf(block).find((element) => element.action_id === actionId);
}

/** The state before anybody touched the element. */
export function initialState(element: Element): ElementState {
  const { type } = element;
  switch (type) {
    case 'plain_text_input':
    case 'number_input':
      return { type, value: typeof element['initial_value'] === 'string' ? element['initial_value'] : null };
    case 'checkboxes':
      return { type, selected_options: Array.isArray(element['initial_options']) ? (element['initial_options'] as Option[]) : [] };
    case 'datetimepicker':
      return { type, selected_date_time: typeof element['initial_date_time'] === 'number' ? element['initial_date_time'] : null };
    case 'datepicker':
      return { type, selected_date: typeof element['initial_date'] === 'string' ? element['initial_date'] : null };
    case 'timepicker':
      return { type, selected_time: typeof element['initial_time'] === 'string' ? element['initial_time'] : null };
    default:
      return { type, selected_option: isRecord(element['initial_option']) ? (element['initial_option'] as unknown as Option) : null };
  }
}

/** All input elements with what the person entered, or else what they began with. */
export function stateOf(blocks: readonly Block[], entered: ViewValues): ViewValues {
  const values: Record<string, Record<string, ElementState>> = {};
  for (const block of blocks) {
    if (block.type !== 'input' && block.type !== 'actions' && block.type !== 'section') continue;
    for (const element of elementsOf(block)) {
      if (element.type === 'button' || element.type === 'overflow' || element.type === 'image') continue;
      const given = entered[block.block_id ?? '']?.[element.action_id];
      (values[block.block_id ?? ''] ??= {})[element.action_id] = given ? { ...given, type: element.type } : initialState(element);
    }
  }
  return values;
}

const isEmpty = (state: ElementState): boolean =>
  (state.value ?? '') === '' &&
  !state.selected_option &&
  (state.selected_options ?? []).length === 0 &&
  typeof state.selected_date_time !== 'number' &&
  !state.selected_date &&
  !state.selected_time;

const numberOf = (value: unknown): number | undefined => (typeof value === 'string' && value !== '' ? Number(value) : undefined);

function complaint(element: Element, state: ElementState): string | undefined {
  const text = state.value ?? '';
  if (element.type === 'plain_text_input') {
    const min = typeof element['min_length'] === 'number' ? element['min_length'] : 0;
    const max = typeof element['max_length'] === 'number' ? element['max_length'] : 3_000;
    if (text.length < min) return `This entry has to be at least ${min} characters long`;
    if (text.length > max) return `This entry cannot be longer than ${max} characters`;
  }
  if (element.type === 'number_input') {
    const value = Number(text);
    if (!Number.isFinite(value) || (element['is_decimal_allowed'] === false && !Number.isInteger(value)))
      return 'Please enter a valid number';
    const [min, max] = [numberOf(element['min_value']), numberOf(element['max_value'])];
    if (min !== undefined && value < min) return `Number must be at least ${min}`;
    if (max !== undefined && value > max) return `Number cannot exceed ${max}`;
  }
  return undefined;
}

/** What Slack's client refuses before it sends a submission, by block id. */
export function checkValues(blocks: readonly Block[], values: ViewValues): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  for (const block of blocks) {
    if (block.type !== 'input' || block.block_id === undefined) continue;
    const element = elementsOf(block)[0];
    const state = element && values[block.block_id]?.[element.action_id];
    if (!element || !state) continue;
    if (isEmpty(state)) {
      if (block['optional'] !== true) errors[block.block_id] = REQUIRED;
      continue;
    }
    const message = complaint(element, state);
    if (message !== undefined) errors[block.block_id] = message;
  }
  return errors;
}
