import type { ActionDescription, FormField } from '../contract/services.ts';
import { formatBytes, toKebab, unitEndingOf, withoutUnit } from './figures.ts';

/** `vm.console.read` -> `vm console read`. */
export const wordsOf = (id: string): string => id.replaceAll('.', ' ');

/**
 * The flag a person types for a field: without its unit (`--memory 512MiB` for `memoryBytes`), since a value may carry it;
 * with it where two fields would share a name.
 */
export function flagOf(field: Pick<FormField, 'name' | 'type'>, fields: readonly Pick<FormField, 'name' | 'type'>[]): string {
  const long = toKebab(field.name);
  const short = shortOf(field);
  const isTaken = fields.some((other) => other.name !== field.name && [toKebab(other.name), shortOf(other)].includes(short));
  return isTaken ? long : short;
}

const shortOf = (field: Pick<FormField, 'name' | 'type'>): string => toKebab(takesUnit(field) ? withoutUnit(field.name) : field.name);

/** Fields whose value may be typed with a unit. */
export const takesUnit = (field: Pick<FormField, 'name' | 'type'>): boolean =>
  (field.type === 'integer' || field.type === 'number') && ['Bytes', 'Seconds', 'Ms'].includes(unitEndingOf(field.name) ?? '');

/** `vm create <name> [--image tiny] [--memory 512MiB]`: what must be given first, each with its default or an example of its kind. */
export function usageOf(description: Pick<ActionDescription, 'id' | 'fields' | 'positional'>): string {
  const { fields, positional } = description;
  const bare = positional.flatMap((name) => fields.filter((field) => field.name === name));
  const flags = fields.filter((field) => !positional.includes(field.name));
  const words = [
    ...bare.map((field) => (field.required ? `<${toKebab(field.name)}>` : `[${toKebab(field.name)}]`)),
    ...flags.filter((field) => field.required).map((field) => flagUsage(field, fields)),
    ...flags.filter((field) => !field.required).map((field) => `[${flagUsage(field, fields)}]`),
  ];
  return [wordsOf(description.id), ...words].join(' ');
}

function flagUsage(field: FormField, fields: readonly FormField[]): string {
  const flag = flagOf(field, fields);
  if (field.type === 'boolean') return field.default === true ? `--no-${flag}` : `--${flag}`;
  return `--${flag} ${placeholderOf(field)}`;
}

function placeholderOf(field: FormField): string {
  if (field.default !== null && typeof field.default !== 'object' && field.default !== '') return valueWithUnit(field, field.default);
  if (field.choices.length > 0) return field.choices.slice(0, 6).join('|');
  if (field.picker !== null) return `<${field.picker}>`;
  if (takesUnit(field)) return unitEndingOf(field.name) === 'Bytes' ? '<512MiB>' : '<10m>';
  if (field.type === 'integer' || field.type === 'number') return '<number>';
  return field.type === 'instant' ? '<2026-01-31T12:00:00Z>' : `<${toKebab(field.name)}>`;
}

function valueWithUnit(field: FormField, value: string | number | boolean): string {
  if (typeof value !== 'number' || !takesUnit(field)) return String(value);
  return unitEndingOf(field.name) === 'Bytes'
    ? formatBytes(value).replace(' ', '')
    : `${value}${unitEndingOf(field.name) === 'Ms' ? 'ms' : 's'}`;
}
