import type { FormField } from '../contract/services.ts';
import { unitEndingOf } from './figures.ts';
import { quote, type Token } from './tokens.ts';
import { flagOf, takesUnit, wordsOf } from './usage.ts';
import type { ActionDescription } from '../contract/services.ts';

/** The value a typed word stands for; a word that does not fit stays text and is refused by the action's schema, which knows why. */
export function readValue(field: FormField, token: Token): unknown {
  if (field.type === 'integer' || field.type === 'number') return readNumber(field, token.text);
  if (field.type === 'boolean') return readBoolean(token.text);
  if (field.type !== 'list') return token.text;
  if (token.quotedAt !== null) return [token.text];
  return token.text === '' ? [] : token.text.split(',').filter((item) => item !== '');
}

function readBoolean(text: string): boolean | string {
  if (/^(?:true|yes|on|1)$/iu.test(text)) return true;
  return /^(?:false|no|off|0)$/iu.test(text) ? false : text;
}

const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};
const UNITS: readonly (readonly [number, string])[] = [
  [0.001, 'ms'],
  [1, 's sec secs second seconds'],
  [60, 'm min mins minute minutes'],
  [3600, 'h hr hrs hour hours'],
  [86_400, 'd day days'],
  [604_800, 'w week weeks'],
];
const SECONDS: Readonly<Record<string, number>> = Object.fromEntries(
  UNITS.flatMap(([seconds, words]) => words.split(' ').map((word) => [word, seconds])),
);

function readNumber(field: FormField, text: string): number | string {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]*)$/iu.exec(text);
  if (match === null) return text;
  const figure = Number(match[1]);
  const unit = (match[2] ?? '').toLowerCase();
  if (!Number.isFinite(figure)) return text;
  if (unit === '') return figure;
  const factor = takesUnit(field) ? factorOf(unitEndingOf(field.name), unit) : undefined;
  return factor === undefined ? text : Number((figure * factor).toPrecision(15));
}

function factorOf(ending: ReturnType<typeof unitEndingOf>, unit: string): number | undefined {
  if (ending === 'Bytes') return Object.hasOwn(BYTES, unit) ? BYTES[unit] : undefined;
  const seconds = Object.hasOwn(SECONDS, unit) ? SECONDS[unit] : undefined;
  return ending === 'Ms' && seconds !== undefined ? seconds * 1000 : seconds;
}

/** The line a person would type for this input: `parseWords` reads it back to the same input. */
export function formatWords(
  description: Pick<ActionDescription, 'id' | 'fields' | 'positional'>,
  input: Readonly<Record<string, unknown>>,
): string {
  const { fields, positional } = description;
  const gap = positional.findIndex((name) => typeof input[name] !== 'string' && typeof input[name] !== 'number');
  const bare = gap === -1 ? positional : positional.slice(0, gap);
  const flags = fields.filter((field) => !bare.includes(field.name) && input[field.name] !== undefined && input[field.name] !== null);
  return [
    wordsOf(description.id),
    ...bare.map((name) => quote(String(input[name]))),
    ...flags.flatMap((field) => flagWords(field, input[field.name], fields)),
  ].join(' ');
}

function flagWords(field: FormField, value: unknown, fields: readonly FormField[]): string[] {
  const flag = flagOf(field, fields);
  if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
  if (Array.isArray(value)) return value.length === 0 ? [`--${flag}=`] : value.map((item) => `--${flag}=${quote(String(item))}`);
  return [`--${flag}=${quote(String(value))}`];
}
