import type { ActionDescription, FormField, Parsed } from '../contract/services.ts';
import { toKebab } from './figures.ts';
import { closest } from './suggest.ts';
import { tokenize, type Token } from './tokens.ts';
import { flagOf, usageOf, wordsOf } from './usage.ts';
import { readValue } from './values.ts';

/**
 * What typed words mean. Never throws: values that do not fit are kept as text, so that the door can say what is wrong with them.
 * Words in a string may be quoted; words in an array are taken as they are.
 */
export function parseWords(words: string | readonly string[], descriptions: readonly ActionDescription[]): Parsed {
  const tokens = tokenize(words);
  if (tokens === null)
    return { is: 'unknown', words: `${(typeof words === 'string' ? words : words.slice(0, 10).join(' ')).slice(0, 80)}…`, suggestions: [] };
  const ordinary = tokens.filter((token) => !isHelp(token));
  const wantsHelp = ordinary.length < tokens.length;
  const [first] = ordinary;
  if (first === undefined) return { is: 'help', actions: descriptions };
  if (isWord(first, 'help')) return helpFor(ordinary.slice(1), descriptions);
  const found = findAction(ordinary, descriptions);
  if (found !== null) return wantsHelp ? { is: 'help', actions: [found.action] } : parseCall(found.action, found.rest);
  const group = groupOf(ordinary, descriptions);
  const [only] = group;
  if (only !== undefined && !wantsHelp && group.length === 1 && saysAll(ordinary, only)) return parseCall(only, []);
  if (group.length > 0) return { is: 'help', actions: group };
  const looked = lookedAt(ordinary, descriptions);
  if (looked !== null && !wantsHelp) return parseCall(looked, ordinary.slice(1));
  return unknown(ordinary, descriptions);
}

/** `health` says all that `health show` would, where nothing else can be done with it and nothing must be given. */
const saysAll = (tokens: readonly Token[], { risk, fields }: ActionDescription): boolean =>
  risk === 'read' && !isWord(tokens.at(-1), 'help') && fields.every(({ required }) => !required);

/** `health vm`: the same, where the next word is one that it takes. */
function lookedAt([noun, word]: readonly Token[], descriptions: readonly ActionDescription[]): ActionDescription | null {
  const ofNoun = descriptions.filter(({ id }) => isWord(noun, id.toLowerCase().split('.', 1)[0] ?? ''));
  const [only] = ofNoun;
  if (only === undefined || ofNoun.length > 1 || word === undefined || !saysAll([], only)) return null;
  const first = only.fields.find(({ name }) => name === only.positional[0]);
  return isFlag(word) || first?.choices.includes(word.text) === true ? only : null;
}

const isHelp = (token: Token): boolean => token.quotedAt === null && (token.text === '--help' || token.text === '-h');
const isWord = (token: Token | undefined, word: string): boolean => token?.quotedAt === null && token.text.toLowerCase() === word;

/** The longest id whose words begin the line; `vm.create` as one word is the same. */
function findAction(
  tokens: readonly Token[],
  descriptions: readonly ActionDescription[],
): { action: ActionDescription; rest: Token[] } | null {
  const typed = leadingWords(tokens);
  const dotted = descriptions.find((description) => isWord(tokens[0], description.id.toLowerCase()));
  if (dotted !== undefined) return { action: dotted, rest: tokens.slice(1) };
  const [action] = descriptions
    .filter((description) => startsWith(typed, description.id.toLowerCase().split('.')))
    .toSorted((a, b) => b.id.length - a.id.length);
  return action === undefined ? null : { action, rest: tokens.slice(action.id.split('.').length) };
}

const ID_WORDS_MAX = 6;

const leadingWords = (tokens: readonly Token[]): string[] =>
  tokens.slice(0, ID_WORDS_MAX).map((token) => (token.quotedAt === null ? token.text.toLowerCase() : ''));

const startsWith = (typed: readonly string[], words: readonly string[]): boolean => words.every((word, index) => typed[index] === word);

/** Actions below what was typed: `vm`, `vm console`, `vm help`. */
function groupOf(tokens: readonly Token[], descriptions: readonly ActionDescription[]): ActionDescription[] {
  const typed = leadingWords(tokens.filter((token, index) => index !== tokens.length - 1 || !isWord(token, 'help')));
  return typed.length < tokens.length - 1
    ? []
    : descriptions.filter((description) => startsWith(description.id.toLowerCase().split('.'), typed));
}

function helpFor(tokens: readonly Token[], descriptions: readonly ActionDescription[]): Parsed {
  if (tokens.length === 0) return { is: 'help', actions: descriptions };
  const found = findAction(tokens, descriptions);
  const actions = found === null ? groupOf(tokens, descriptions) : [found.action];
  return actions.length > 0 ? { is: 'help', actions } : unknown(tokens, descriptions);
}

function unknown(tokens: readonly Token[], descriptions: readonly ActionDescription[]): Parsed {
  const typed = leadingWords(tokens);
  const lengths = [...new Set(descriptions.map((description) => description.id.split('.').length))];
  const candidates = [...new Set(descriptions.map((description) => wordsOf(description.id)))];
  const suggestions = lengths.flatMap((length) => {
    const said = typed.slice(0, length);
    const ofLength = candidates.filter((candidate) => candidate.split(' ').length === length);
    const swapped = ofLength.filter((candidate) => length > 1 && candidate === said.toReversed().join(' '));
    return [...swapped, ...closest(said.join(' '), ofLength)];
  });
  const ofNoun = suggestions.length > 0 ? [] : candidates.filter((candidate) => candidate.startsWith(`${typed[0]} `)).slice(0, 5);
  return { is: 'unknown', words: short(tokens.slice(0, 3)), suggestions: [...new Set([...suggestions, ...ofNoun])].slice(0, 5) };
}

const short = (tokens: readonly Token[]): string => {
  const text = tokens.map((token) => token.text).join(' ');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

// --- One call ------------------------------------------------------------------------------------------------------------------------

interface Values {
  readonly input: Map<string, unknown>;
  readonly bare: Token[];
}

function parseCall(action: ActionDescription, tokens: readonly Token[]): Parsed {
  const values: Values = { input: new Map(), bare: [] };
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    if (token.quotedAt === null && token.text === '--') {
      values.bare.push(...tokens.slice(index + 1));
      break;
    }
    if (!isFlag(token)) values.bare.push(token);
    else {
      const flag = readFlag(action.fields, token, tokens[index + 1]);
      if (flag === null) return unknownFlag(action, token);
      if (flag.value !== undefined) setValue(values.input, flag.field, flag.value);
      if (flag.tookNext) index += 1;
    }
  }
  const surplus = placeBare(action, values);
  if (surplus.length > 0) return { is: 'unknown', words: short(surplus), suggestions: [usageOf(action)] };
  const missing = action.fields.filter((field) => field.required && !values.input.has(field.name)).map((field) => field.name);
  return { is: 'call', action, input: Object.fromEntries(values.input), missing };
}

const isFlag = (token: Token): boolean => /^--[\p{L}\d]/u.test(token.text) && (token.quotedAt === null || token.quotedAt > 0);

interface Flag {
  readonly field: FormField;
  readonly value: unknown;
  readonly tookNext: boolean;
}

function readFlag(fields: readonly FormField[], token: Token, next: Token | undefined): Flag | null {
  const equals = token.text.indexOf('=');
  const name = token.text.slice(2, equals === -1 ? undefined : equals);
  const field = fieldOf(fields, name);
  if (field === undefined) {
    const negated = name.startsWith('no-') ? fieldOf(fields, name.slice(3)) : undefined;
    if (negated?.type === 'boolean' && equals === -1) return { field: negated, value: false, tookNext: false };
    const collector = fields.find(({ takesFlags }) => takesFlags);
    return collector === undefined ? null : collectFlag(collector, token, next);
  }
  if (equals !== -1) {
    const value = { text: token.text.slice(equals + 1), quotedAt: token.quotedAt };
    return { field, value: readValue(field, value), tookNext: false };
  }
  if (field.type === 'boolean') {
    const said = next !== undefined && next.quotedAt === null && /^(?:true|false)$/u.test(next.text);
    return { field, value: said ? next.text === 'true' : true, tookNext: said };
  }
  const hasValue = next !== undefined && !isFlag(next) && !(next.quotedAt === null && next.text === '--');
  return { field, value: hasValue ? readValue(field, next) : undefined, tookNext: hasValue };
}

/** A flag of the thing that the action is about rather than of the action: `--days 28` becomes `days=28`. */
function collectFlag(field: FormField, { text }: Token, next: Token | undefined): Flag {
  const said = text.slice(2);
  if (said.includes('=')) return { field, value: [said], tookNext: false };
  const hasValue = next !== undefined && !isFlag(next) && !(next.quotedAt === null && next.text === '--');
  return { field, value: [`${said}=${hasValue ? next.text : 'true'}`], tookNext: hasValue };
}

const fieldOf = (fields: readonly FormField[], name: string): FormField | undefined => {
  const wanted = name.toLowerCase();
  return (
    fields.find((field) => toKebab(field.name) === wanted || field.name === name) ??
    fields.find((field) => flagOf(field, fields) === wanted)
  );
};

function unknownFlag(action: ActionDescription, token: Token): Parsed {
  const typed = token.text.split('=', 1)[0] ?? token.text;
  const flags = [...new Set(action.fields.flatMap((field) => [flagOf(field, action.fields), toKebab(field.name)]))].map(
    (flag) => `--${flag}`,
  );
  return { is: 'unknown', words: short([{ text: typed, quotedAt: null }]), suggestions: closest(typed, flags) };
}

/** A list given twice grows; anything else given twice is what was said last. */
function setValue(input: Map<string, unknown>, field: FormField, value: unknown): void {
  const before = input.get(field.name);
  input.set(field.name, field.type === 'list' && Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value);
}

/** Bare words fill the positional fields that no flag has filled; a list at the end takes all that is left. Returns what found no place. */
function placeBare(action: ActionDescription, { input, bare }: Values): readonly Token[] {
  const open = action.positional
    .flatMap((name) => action.fields.filter((field) => field.name === name))
    .filter((field) => !input.has(field.name));
  let index = 0;
  for (const field of open) {
    const takes = field.type === 'list' ? bare.slice(index) : bare.slice(index, index + 1);
    for (const token of takes) setValue(input, field, readValue(field, token));
    index += takes.length;
  }
  return bare.slice(index);
}
