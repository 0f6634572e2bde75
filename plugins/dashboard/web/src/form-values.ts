import type { FormField, Json } from 'novacron/plugin';

/** What stands in the fields: text as typed, ticks as booleans. */
export type FormValues = Readonly<Record<string, string | boolean>>;

/** Defaults, or what is given instead. */
export function initialValues(fields: readonly FormField[], given: { readonly [field: string]: Json } = {}): FormValues {
  return Object.fromEntries(fields.map((field) => [field.name, initialValue({ ...field, default: given[field.name] ?? field.default })]));
}

function initialValue({ type, default: given }: FormField): string | boolean {
  if (type === 'boolean') return given === true;
  if (given === null || given === undefined) return '';
  if (Array.isArray(given)) return given.join(', ');
  return typeof given === 'object' ? '' : String(given);
}

/** The input to send. An empty field is left out, so that its default holds; what does not fit is sent as it is and refused by the hub. */
export function toInput(fields: readonly FormField[], values: FormValues): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = toValue(field, values[field.name] ?? '');
      return value === undefined ? [] : [[field.name, value]];
    }),
  );
}

function toValue({ type, required, default: given }: FormField, value: string | boolean): unknown {
  if (typeof value === 'boolean') return value;
  const text = value.trim();
  if (type === 'list') {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    return items.length > 0 || Array.isArray(given) || required ? items : undefined;
  }
  if (text === '') return undefined;
  if (type === 'integer' || type === 'number') return Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === 'instant') return Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString();
  return value;
}

/** What the hub says is wrong, by field; `rest` belongs to no field of the form. */
export function fieldErrors(
  body: Readonly<Record<string, unknown>>,
  names: readonly string[],
): { byField: Record<string, string>; rest: string[] } {
  const byField: Record<string, string> = {};
  const rest: string[] = [];
  const said = Array.isArray(body['fields']) ? (body['fields'] as { readonly field: string; readonly message: string }[]) : [];
  for (const { field, message } of said) {
    const name = field.split('.')[0] ?? '';
    if (names.includes(name)) byField[name] ??= message;
    else rest.push(field === '' ? message : `${field}: ${message}`);
  }
  return { byField, rest };
}
