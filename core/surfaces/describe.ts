import type { Action } from '../contract/declare.ts';
import type { Json } from '../contract/schema.ts';
import type { ActionDescription, FormField } from '../contract/services.ts';
import { labelOf } from './figures.ts';
import { inputJsonSchema, type JsonSchema } from './json-schema.ts';
import { usageOf } from './usage.ts';

/**
 * Everything a surface needs to offer an action, from its declaration alone. Fields that are objects have no place in a form or a
 * command line: they are left out here and can be sent through HTTP.
 */
export function describeAction(plugin: string, id: string, action: Action): ActionDescription {
  const schema = inputJsonSchema(action);
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const field = toField(name, property, schema.required?.includes(name) ?? false);
    return field === null ? [] : [field];
  });
  const positional = (action.positional ?? []).filter((name) => fields.some((field) => field.name === name));
  const description = {
    id,
    plugin,
    title: action.title,
    label: action.label,
    help: action.help ?? null,
    risk: action.risk,
    fields,
    positional,
    examples: action.examples ?? [],
  };
  return { ...description, usage: usageOf(description) };
}

function toField(name: string, written: JsonSchema, required: boolean): FormField | null {
  const property = resolveChoices(written);
  const type = typeOf(property);
  if (type === null) return null;
  const scalar = type === 'list' ? resolveChoices(property.items ?? {}) : property;
  return {
    name,
    label: written.title ?? labelOf(name),
    help: written.description ?? null,
    type,
    required,
    default: (written.default ?? null) as Json,
    choices: choicesOf(scalar),
    picker: scalar.picker ?? property.picker ?? null,
    minimum: boundOf(scalar.minimum, scalar.exclusiveMinimum, scalar.type === 'integer' ? 1 : 0),
    maximum: boundOf(scalar.maximum, scalar.exclusiveMaximum, scalar.type === 'integer' ? -1 : 0),
    lengthMax: scalar.maxLength ?? null,
    pattern: scalar.pattern ?? null,
    ...(type === 'list' && written.takesFlags === true && { takesFlags: true }),
  };
}

/** A union that holds one type and `null` is that type; a union of constants is a choice. */
function resolveChoices(property: JsonSchema): JsonSchema {
  const members = (property.anyOf ?? property.oneOf)?.filter((member) => member.type !== 'null');
  if (members === undefined) return property;
  const { anyOf: _anyOf, oneOf: _oneOf, ...own } = property;
  const values = members.flatMap((member) => (member.const === undefined ? (member.enum ?? [undefined]) : [member.const]));
  if (values.every((value) => typeof value === 'string')) return { ...own, type: 'string', enum: values };
  const [first] = members;
  const sameType = members.every((member) => member.type === first?.type);
  if (first === undefined || !sameType) return { ...own, type: members.some((member) => member.type === 'object') ? 'object' : 'string' };
  return members.length === 1 ? { ...first, ...own } : { ...own, type: first.type ?? 'string' };
}

function typeOf(property: JsonSchema): FormField['type'] | null {
  const types = [property.type ?? 'string'].flat().filter((type) => type !== 'null');
  const [type] = types;
  if (property.picker !== undefined && type !== 'array') return 'picker';
  if (type === 'object' || types.length > 1) return types.includes('object') ? null : 'text';
  if (type === 'array') return isScalar(property.items) ? 'list' : null;
  if (type === 'integer' || type === 'number' || type === 'boolean') return type;
  if (choicesOf(property).length > 0) return 'choice';
  return property.format === 'date-time' ? 'instant' : 'text';
}

function isScalar(items: JsonSchema | undefined): boolean {
  const type = resolveChoices(items ?? {}).type ?? 'string';
  return type !== 'object' && type !== 'array';
}

const choicesOf = (property: JsonSchema): string[] =>
  (property.enum ?? (property.const === undefined ? [] : [property.const])).filter((value) => typeof value === 'string');

const boundOf = (inclusive: number | undefined, exclusive: number | undefined, inward: number): number | null =>
  inclusive ?? (exclusive === undefined ? null : exclusive + inward);
