import type { Action } from '../contract/declare.ts';
import type { AnySchema } from '../contract/schema.ts';

/** The part of JSON Schema (draft 2020-12) that forms and help understand; everything else is left to the validator. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** Our own keyword, set by `.meta({ picker: 'vm' })`: the value names a resource of this kind. */
  readonly picker?: string;
  /** Our own keyword: see `FormField.takesFlags`. */
  readonly takesFlags?: boolean;
}

const TARGET = { target: 'draft-2020-12' } as const;

/** What a caller sends: a field with a default is optional. */
export const inputJsonSchema = (action: Pick<Action, 'input'>): JsonSchema => toClean(action.input, 'input');

/** What comes out: a field with a default is always there. */
export const outputJsonSchema = (action: Pick<Action, 'output'>): JsonSchema => toClean(action.output, 'output');

const toClean = (schema: AnySchema, side: 'input' | 'output'): JsonSchema =>
  clean(schema['~standard'].jsonSchema[side](TARGET)) as JsonSchema;

/** Longer patterns are written by a library (dates, e-mail addresses) and help nobody: their `format` says the same. */
const PATTERN_MAX = 120;

/** Leaves out what a schema library writes for machines only: bounds of safe integers, patterns of formats, `$schema` inside a document. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, member]) => !isNoise(key, member, value));
  return Object.fromEntries(entries.map(([key, member]) => [key, LITERAL_KEYS.has(key) ? member : clean(member)]));
}

const LITERAL_KEYS = new Set(['default', 'const', 'enum', 'examples']);

function isNoise(key: string, member: unknown, parent: object): boolean {
  if (key === '$schema') return true;
  if (key === 'minimum') return member === -Number.MAX_SAFE_INTEGER;
  if (key === 'maximum') return member === Number.MAX_SAFE_INTEGER;
  if (key === 'pattern') return typeof member === 'string' && (member.length > PATTERN_MAX || 'format' in parent);
  return false;
}
