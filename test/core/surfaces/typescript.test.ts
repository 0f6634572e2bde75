import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Action } from '../../../core/contract/declare.ts';
import { notebookActions, typeOfSchema } from '../../../core/surfaces/typescript.ts';

const typeOf = (schema: z.ZodType): string => typeOfSchema(z.toJSONSchema(schema) as never);

describe('a schema as a type', () => {
  it.each([
    [z.string(), 'string'],
    [z.int(), 'number'],
    [z.enum(['a', 'b']), '"a" | "b"'],
    [z.literal(3), '3'],
    [z.array(z.union([z.string(), z.null()])), 'readonly (string | null)[]'],
    [z.array(z.array(z.number())), 'readonly (readonly number[])[]'],
    [z.record(z.string(), z.boolean()), 'Readonly<Record<string, boolean>>'],
    [z.strictObject({ a: z.string(), 'b-c': z.number().optional() }), '{ readonly a: string; readonly "b-c"?: number }'],
    [z.strictObject({}), 'Readonly<Record<string, never>>'],
    [z.unknown(), 'unknown'],
  ])('%#: %o', (schema, expected) => expect(typeOf(schema)).toBe(expected));
});

describe('the functions of notebooks', () => {
  const action = (changes: Partial<Action> = {}): Action => ({
    title: 'Do it',
    label: 'Do',
    risk: 'read',
    input: z.object({ days: z.int().default(7) }),
    output: z.null(),
    run: async () => null,
    ...changes,
  });

  it('nest by noun and verb; a word may be both', () => {
    const text = notebookActions([
      { plugin: 'demo', id: 'vm.disk', action: action() },
      { plugin: 'demo', id: 'vm.disk.grow', action: action({ risk: 'destroy', help: 'It may */ hurt.' }) },
      { plugin: 'demo', id: 'me.link-code', action: action() },
    ]);
    expect(text).toContain('readonly linkCode: Read<{ readonly days?: number }, null>;');
    expect(text).toMatch(/readonly disk: Read<[^>]+> & \{\n\/\*\* Do it\. It may \* \/ hurt\. \*\/\nreadonly grow: Change</u);
    expect(text).toContain('"vm.disk.grow": { risk: \'destroy\', title: "Do it"');
  });
});
