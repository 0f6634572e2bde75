import type { types } from '@slack/bolt';
import type { ActionDescription, FormField } from 'novacron/plugin';
import { context, LIMITS, plain, PRESS, section, type Block } from './block-kit.ts';
import { escape } from './mrkdwn.ts';

/** Where the answer to a form goes, and what of the input is not in the form. */
export interface FormMeta {
  readonly action: string;
  readonly channel: string | null;
  readonly threadTs: string | null;
  readonly responseUrl: string | null;
  readonly hidden: Readonly<Record<string, unknown>>;
}

const FIELDS_MAX = 90;
const VALUE_ACTION = 'v';
const UNIT_FIELD = /(?:Bytes|Seconds|Ms)$/;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Fields whose value a person types with a unit: `512MiB`, `2h`. */
export const takesUnit = (field: FormField): boolean =>
  (field.type === 'integer' || field.type === 'number') && UNIT_FIELD.test(field.name);

/** `536870912` -> `512MiB` where it comes out even. */
export function withUnit(field: FormField, value: number): string {
  if (!field.name.endsWith('Bytes') || !Number.isInteger(value) || value <= 0) return String(value);
  let [amount, unit] = [value, 0];
  while (amount % 1024 === 0 && unit < BYTE_UNITS.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${amount}${BYTE_UNITS[unit]}`;
}

const option = (text: string, value: string): types.PlainTextOption => ({ text: plain(text, LIMITS.optionTextLength), value });

/** Slack takes option values of 150 characters: what is longer cannot be chosen. */
export const optionsOf = (entries: readonly { readonly text: string; readonly value: string }[]): types.PlainTextOption[] =>
  entries
    .filter(({ value }) => value.length > 0 && value.length <= LIMITS.optionValueLength)
    .slice(0, LIMITS.options)
    .map(({ text, value }) => option(text, value));

type InputElement = types.InputBlock['element'];

/** A select holds 100 options at most: more are searched. */
const isSearched = (field: FormField): boolean => field.type === 'picker' || field.choices.length > LIMITS.options;

function selectElement(field: FormField, initial: unknown, names: Readonly<Record<string, string>>): InputElement {
  const chosen = typeof initial === 'string' && initial !== '' && initial.length <= LIMITS.optionValueLength ? initial : undefined;
  if (isSearched(field)) {
    const initial_option = chosen === undefined ? {} : { initial_option: option(names[chosen] ?? chosen, chosen) };
    return { type: 'external_select', action_id: PRESS.pick, min_query_length: 0, placeholder: plain('Search', 150), ...initial_option };
  }
  const options = optionsOf(field.choices.map((choice) => ({ text: choice, value: choice })));
  const same = options.find((candidate) => candidate.value === chosen);
  return {
    type: 'static_select',
    action_id: VALUE_ACTION,
    options,
    placeholder: plain('Choose', 150),
    ...(same && { initial_option: same }),
  };
}

const asText = (value: unknown): string => {
  if (Array.isArray(value)) return value.filter((entry) => typeof entry === 'string' || typeof entry === 'number').join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

function numberElement(field: FormField, initial: unknown): InputElement {
  const isNumber = typeof initial === 'number';
  return {
    type: 'number_input',
    action_id: VALUE_ACTION,
    is_decimal_allowed: field.type === 'number',
    ...(field.minimum !== null && { min_value: String(field.minimum) }),
    ...(field.maximum !== null && { max_value: String(field.maximum) }),
    ...(isNumber && { initial_value: String(initial) }),
  };
}

function textElement(field: FormField, initial: unknown): InputElement {
  const text = takesUnit(field) && typeof initial === 'number' ? withUnit(field, initial) : asText(initial);
  const lengthMax = field.type === 'text' && field.lengthMax !== null ? Math.min(3_000, Math.max(1, field.lengthMax)) : 3_000;
  const isLong = field.type === 'text' && (field.lengthMax ?? 0) > 500;
  return {
    type: 'plain_text_input',
    action_id: VALUE_ACTION,
    max_length: lengthMax,
    ...(isLong && { multiline: true }),
    ...(text !== '' && text.length <= lengthMax && { initial_value: text }),
    ...(field.type === 'list' && { placeholder: plain('one, two, three', 150) }),
  };
}

function checkbox(field: FormField, initial: unknown): InputElement {
  const yes = option('Yes', 'true');
  return { type: 'checkboxes', action_id: VALUE_ACTION, options: [yes], ...(initial === true && { initial_options: [yes] }) };
}

function instantElement(initial: unknown): InputElement {
  const seconds = typeof initial === 'string' ? Math.floor(Date.parse(initial) / 1_000) : Number.NaN;
  const isShown = seconds >= 1_000_000_000 && seconds <= 9_999_999_999;
  return { type: 'datetimepicker', action_id: VALUE_ACTION, ...(isShown && { initial_date_time: seconds }) };
}

/** A choice of which no option fits into a select is typed. */
const hasOptions = (field: FormField): boolean =>
  isSearched(field) || optionsOf(field.choices.map((choice) => ({ text: choice, value: choice }))).length > 0;

function elementOf(field: FormField, initial: unknown, names: Readonly<Record<string, string>>): InputElement {
  switch (field.type) {
    case 'picker':
    case 'choice':
      return hasOptions(field) ? selectElement(field, initial, names) : textElement(field, initial);
    case 'integer':
    case 'number':
      return takesUnit(field) ? textElement(field, initial) : numberElement(field, initial);
    case 'boolean':
      return checkbox(field, initial);
    case 'instant':
      return instantElement(initial);
    case 'text':
    case 'list':
      return textElement(field, initial);
  }
}

const hintOf = (field: FormField): string => {
  const unit = takesUnit(field)
    ? field.name.endsWith('Bytes')
      ? 'with a unit, such as 512MiB or 2GiB'
      : 'with a unit, such as 90s or 2h'
    : '';
  const list = field.type === 'list' ? 'several, separated by commas' : '';
  return [field.help ?? '', unit || list].filter((part) => part !== '').join(' – ');
};

function inputBlock(field: FormField, initial: unknown, names: Readonly<Record<string, string>>): Block {
  const hint = hintOf(field);
  return {
    type: 'input',
    block_id: field.name,
    label: plain(field.label, 150),
    optional: !field.required || field.type === 'boolean',
    ...(hint !== '' && { hint: plain(hint, 500) }),
    element: elementOf(field, initial, names),
  };
}

/** Fields in the order a person thinks: what must be there first. */
export const shownFields = (action: ActionDescription): readonly FormField[] =>
  [...action.fields.filter((field) => field.required), ...action.fields.filter((field) => !field.required)]
    .filter((field) => field.name.length <= 255)
    .slice(0, FIELDS_MAX);

export interface FormOptions {
  readonly input: Readonly<Record<string, unknown>>;
  readonly meta: Omit<FormMeta, 'action' | 'hidden'>;
  /** Names of picked things by id, to show instead of the id. */
  readonly names?: Readonly<Record<string, string>>;
  /** What was wrong with the input so far. */
  readonly problem?: string;
}

function metadataOf(action: ActionDescription, { input, meta }: FormOptions): string {
  const fields = new Set(shownFields(action).map((field) => field.name));
  const hidden = Object.fromEntries(Object.entries(input).filter(([name]) => !fields.has(name)));
  const full = JSON.stringify({ ...meta, action: action.id, hidden } satisfies FormMeta);
  if (full.length <= LIMITS.metadataLength) return full;
  return JSON.stringify({ ...meta, action: action.id, hidden: {} } satisfies FormMeta);
}

/** The modal of an action, filled with what is known already. */
export function formView(action: ActionDescription, options: FormOptions): types.ModalView {
  const asks = action.risk === 'disrupt' || action.risk === 'destroy';
  const help = [action.title, ...(action.help === null ? [] : [action.help])].map((text) => escape(text, 1_000)).join('\n');
  const fields = shownFields(action).map((field) =>
    inputBlock(field, options.input[field.name] ?? field.default ?? undefined, options.names ?? {}),
  );
  return {
    type: 'modal',
    callback_id: PRESS.form,
    title: plain(action.label, LIMITS.titleLength),
    submit: plain(asks ? 'Continue' : action.risk === 'read' ? 'Show' : 'Do it', LIMITS.titleLength),
    close: plain('Cancel', LIMITS.titleLength),
    private_metadata: metadataOf(action, options),
    blocks: [
      section(help),
      ...(options.problem === undefined ? [] : [section(`⚠️ ${escape(options.problem, 1_000)}`)]),
      ...fields,
      ...(asks ? [context('Nothing happens yet: you will see what would happen and be asked.')] : []),
    ],
  };
}

/** What we put into `private_metadata`; `undefined` for anything else. */
export function readMeta(text: string): FormMeta | undefined {
  try {
    const meta = JSON.parse(text) as Partial<FormMeta> | null;
    if (meta === null || typeof meta !== 'object' || typeof meta.action !== 'string') return undefined;
    const { action, channel = null, threadTs = null, responseUrl = null, hidden = {} } = meta;
    return { action, channel, threadTs, responseUrl, hidden };
  } catch {
    return undefined;
  }
}

/** State of an element, as Slack sends it. */
export interface ElementState {
  readonly value?: string | null | undefined;
  readonly selected_option?: { readonly value?: string | undefined } | null | undefined;
  readonly selected_options?: readonly { readonly value?: string | undefined }[] | null | undefined;
  readonly selected_date_time?: number | null | undefined;
}

/** A number that is typed with its unit is read by the hub's own words parser, so that both mean the same. */
export type ReadUnit = (field: FormField, text: string) => unknown;

function readField(field: FormField, state: ElementState, readUnit: ReadUnit): unknown {
  const text = state.value?.trim() ?? '';
  switch (field.type) {
    case 'picker':
    case 'choice':
      return state.selected_option?.value ?? (text === '' ? undefined : text);
    case 'boolean':
      return (state.selected_options ?? []).length > 0;
    case 'instant':
      return typeof state.selected_date_time === 'number' ? new Date(state.selected_date_time * 1_000).toISOString() : undefined;
    case 'integer':
    case 'number':
      if (text === '') return undefined;
      return takesUnit(field) ? readUnit(field, text) : Number(text);
    case 'list': {
      const entries = text
        .split(/[,\n]/)
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '');
      return entries.length > 0 ? entries : undefined;
    }
    case 'text':
      return state.value === null || state.value === undefined || state.value === '' ? undefined : state.value;
  }
}

/** The input that the filled form stands for; what was left empty is left out, so that defaults apply. */
export function readForm(
  action: ActionDescription,
  values: Readonly<Record<string, Readonly<Record<string, ElementState>>>>,
  readUnit: ReadUnit,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const field of shownFields(action)) {
    const state = Object.values(values[field.name] ?? {})[0];
    const value = state && readField(field, state, readUnit);
    if (value !== undefined) input[field.name] = value;
  }
  return input;
}

/** Errors at the fields; what belongs to no field of the form stands at the first one. */
export function fieldErrors(
  action: ActionDescription,
  problems: readonly { readonly field: string; readonly message: string }[],
): Record<string, string> {
  const shown = shownFields(action).map((field) => field.name);
  const errors: Record<string, string> = {};
  for (const { field, message } of problems) {
    const name = field.split('.')[0] ?? '';
    const at = shown.includes(name) ? name : shown[0];
    if (at !== undefined)
      errors[at] = [errors[at], at === name ? message : `${field} ${message}`.trim()].filter(Boolean).join('; ').slice(0, 500);
  }
  return errors;
}
