import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Action } from '../../../core/contract/declare.ts';
import { describeAction } from '../../../core/surfaces/describe.ts';
import { toMcpTool } from '../../../core/surfaces/mcp.ts';
import { toOpenApiOperation } from '../../../core/surfaces/openapi.ts';

const action: Action = {
  title: 'Create a VM',
  label: 'Create VM',
  help: 'It boots at once.',
  risk: 'change',
  input: z.object({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z]+$/u)
      .meta({ title: 'Name', description: 'What people call it.' }),
    vm: z.string().meta({ picker: 'vm' }),
    vms: z.array(z.string().meta({ picker: 'vm' })).default([]),
    memoryBytes: z
      .int()
      .gt(0)
      .default(2 ** 29),
    note: z.string().nullable().default(null),
    mode: z.union([z.literal('fast'), z.literal('safe')]).optional(),
    startAt: z.iso.datetime().optional(),
    count: z.int(),
    options: z.object({ a: z.string() }).optional(),
  }),
  output: z.object({ id: z.string(), bytes: z.number().default(0) }),
  positional: ['name', 'nobody'],
  examples: ['vm create web-1'],
  run: async () => ({ id: 'x', bytes: 0 }),
};
const description = describeAction('hypervisor', 'vm.create', action);
const field = (name: string) => description.fields.find((field) => field.name === name);

describe('the description of an action', () => {
  it('leaves out objects, and positional names that are no fields', () => {
    expect(field('options')).toBeUndefined();
    expect(description.positional).toEqual(['name']);
  });

  it('derives each field from the schema, without what is noise for people', () => {
    expect(field('name')).toEqual({
      name: 'name',
      label: 'Name',
      help: 'What people call it.',
      type: 'text',
      required: true,
      default: null,
      choices: [],
      picker: null,
      minimum: null,
      maximum: null,
      lengthMax: 63,
      pattern: '^[a-z]+$',
    });
    expect(field('vm')).toMatchObject({ type: 'picker', picker: 'vm', required: true, label: 'VM' });
    expect(field('vms')).toMatchObject({ type: 'list', picker: 'vm', required: false, default: [] });
    expect(field('memoryBytes')).toMatchObject({ type: 'integer', minimum: 1, maximum: null, default: 2 ** 29, label: 'Memory' });
    expect(field('note')).toMatchObject({ type: 'text', required: false, default: null });
    expect(field('mode')).toMatchObject({ type: 'choice', choices: ['fast', 'safe'] });
    expect(field('startAt')).toMatchObject({ type: 'instant', pattern: null });
    expect(field('count')).toMatchObject({ type: 'integer', minimum: null, maximum: null, required: true });
  });

  it('becomes an MCP tool whose hints come from the risk', () => {
    const tool = toMcpTool('vm.console.read', { ...action, risk: 'destroy' });
    expect(tool).toMatchObject({
      name: 'vm_console_read',
      description: 'Create a VM. It boots at once.',
      annotations: { readOnlyHint: false, destructiveHint: true },
      inputSchema: { type: 'object', required: ['name', 'vm', 'count'] },
      outputSchema: { required: ['id', 'bytes'] },
    });
    expect(JSON.stringify(tool)).not.toContain('9007199254740991');
  });

  it('becomes an OpenAPI operation that answers 202 for jobs and 200 for reads', () => {
    const operation = toOpenApiOperation({ plugin: 'hypervisor', id: 'vm.create', action });
    expect(Object.keys(operation.responses)).toEqual(['200', '202', '409', 'default']);
    expect(Object.keys(toOpenApiOperation({ plugin: 'p', id: 'vm.list', action: { ...action, risk: 'read' } }).responses)).toEqual([
      '200',
      'default',
    ]);
  });
});
