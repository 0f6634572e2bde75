import type { FormField } from '../../core/contract.ts';

/** One field of a form: an optional text unless said otherwise. */
export const formField = (name: string, changes: Partial<FormField> = {}): FormField => ({
  name,
  label: name,
  help: null,
  type: 'text',
  required: false,
  default: null,
  choices: [],
  picker: null,
  minimum: null,
  maximum: null,
  lengthMax: null,
  pattern: null,
  ...changes,
});
