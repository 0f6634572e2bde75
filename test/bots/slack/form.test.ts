import { describe, expect, it } from 'vitest';
import { fieldErrors, formView, readForm, readMeta, shownFields, withUnit } from '../../../bots/slack/form-blocks.ts';
import type { ActionDescription } from '../../../core/contract.ts';
import { formField } from '../../kit/form-field.ts';

const create: ActionDescription = {
  id: 'vm.create',
  plugin: 'hypervisor',
  title: 'Create a VM',
  label: 'Create a VM',
  help: null,
  risk: 'change',
  fields: [
    formField('memoryBytes', { type: 'integer', default: 512 * 1024 * 1024 }),
    formField('name', { required: true }),
    formField('vm', { type: 'picker', picker: 'vm' }),
    formField('size', { type: 'choice', choices: ['small', 'large'], default: 'small' }),
    formField('vcpus', { type: 'integer', minimum: 1, maximum: 8 }),
    formField('start', { type: 'boolean', default: true }),
    formField('at', { type: 'instant' }),
    formField('tags', { type: 'list' }),
  ],
  positional: ['name'],
  examples: [],
  usage: 'vm create <name>',
};
const meta = { channel: 'C1', threadTs: null, responseUrl: null };
const elements = (input: object = {}): Record<string, Record<string, unknown>> =>
  Object.fromEntries(
    formView(create, { input: { ...input }, meta, names: { 'id-1': 'web-1' } }).blocks.flatMap((block) =>
      'element' in block ? [[block.block_id ?? '', block.element as unknown as Record<string, unknown>]] : [],
    ),
  );

describe('a form', () => {
  it('asks for what must be there first', () => {
    expect(shownFields(create).map(({ name }) => name)[0]).toBe('name');
  });

  it('turns each kind of field into its element', () => {
    const types = Object.fromEntries(Object.entries(elements()).map(([name, { type }]) => [name, type]));
    expect(types).toEqual({
      name: 'plain_text_input',
      memoryBytes: 'plain_text_input',
      vm: 'external_select',
      size: 'static_select',
      vcpus: 'number_input',
      start: 'checkboxes',
      at: 'datetimepicker',
      tags: 'plain_text_input',
    });
  });

  it('shows what is known, and defaults for the rest', () => {
    const shown = elements({ name: 'web-1', vm: 'id-1', tags: ['a', 'b'], at: '2026-01-05T12:00:00Z' });
    expect(shown['name']).toMatchObject({ initial_value: 'web-1' });
    expect(shown['vm']).toMatchObject({ initial_option: { text: { text: 'web-1' }, value: 'id-1' } });
    expect(shown['memoryBytes']).toMatchObject({ initial_value: '512MiB' });
    expect(shown['size']).toMatchObject({ initial_option: { value: 'small' } });
    expect(shown['start']).toMatchObject({ initial_options: [{ value: 'true' }] });
    expect(shown['tags']).toMatchObject({ initial_value: 'a, b' });
    expect(shown['at']).toMatchObject({ initial_date_time: 1_767_614_400 });
  });

  it('carries the input that it does not show', () => {
    const view = formView(create, { input: { hidden: 1, name: 'x' }, meta });
    expect(readMeta(view.private_metadata ?? '')).toMatchObject({ action: 'vm.create', channel: 'C1', hidden: { hidden: 1 } });
    expect(readMeta('{"other":1}')).toBeUndefined();
    expect(readMeta('no JSON')).toBeUndefined();
  });
});

describe('a filled form', () => {
  const read = (values: Record<string, object>): Record<string, unknown> =>
    readForm(create, Object.fromEntries(Object.entries(values).map(([name, state]) => [name, { v: state }])), (_, text) => `read ${text}`);

  it('becomes input; what is empty is left out', () => {
    const input = read({
      name: { value: 'web-1' },
      memoryBytes: { value: ' 2GiB ' },
      vm: { selected_option: null },
      size: { selected_option: { value: 'large' } },
      vcpus: { value: '4' },
      start: { selected_options: [] },
      at: { selected_date_time: 1_767_614_400 },
      tags: { value: 'a, b\n\nc' },
    });
    expect(input).toEqual({
      name: 'web-1',
      memoryBytes: 'read 2GiB',
      size: 'large',
      vcpus: 4,
      start: false,
      at: '2026-01-05T12:00:00.000Z',
      tags: ['a', 'b', 'c'],
    });
    expect(read({ name: { value: null }, vcpus: { value: null }, tags: { value: '' } })).toEqual({});
  });

  it('shows errors at their fields, and what has no field at the first one', () => {
    const errors = fieldErrors(create, [
      { field: 'tags.0', message: 'too short' },
      { field: 'elsewhere', message: 'is wrong' },
    ]);
    expect(errors).toEqual({ tags: 'too short', name: 'elsewhere is wrong' });
  });

  it('writes bytes with a unit only where it comes out even', () => {
    const bytes = formField('memoryBytes', { type: 'integer' });
    expect([withUnit(bytes, 2 ** 30), withUnit(bytes, 1_500), withUnit(bytes, 1_536 * 1_024)]).toEqual(['1GiB', '1500B', '1536KiB']);
  });
});
