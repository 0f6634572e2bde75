import { Field } from '@base-ui/react/field';
import type { FormField } from 'novacron/plugin';
import { Picker } from './picker.tsx';

interface FieldProps {
  readonly field: FormField;
  readonly value: string | boolean;
  readonly error: string | undefined;
  onChange(value: string | boolean): void;
}

/** One field of a form: label, input, help, and what is wrong with it. */
export function FieldInput({ field, value, error, onChange }: FieldProps) {
  const isTick = field.type === 'boolean';
  return (
    <Field.Root className={isTick ? 'field tick' : 'field'} name={field.name} invalid={error !== undefined}>
      <Field.Label className="field-label">
        {field.label}
        {!field.required && !isTick && <span className="optional">optional</span>}
      </Field.Label>
      <Control field={field} value={value} onChange={onChange} />
      {field.help !== null && <Field.Description className="field-help">{field.help}</Field.Description>}
      <Field.Error className="field-error" match={error !== undefined}>
        {error}
      </Field.Error>
    </Field.Root>
  );
}

type ControlProps = Omit<FieldProps, 'error'>;

function Control({ field, value, onChange }: ControlProps) {
  const text = typeof value === 'string' ? value : '';
  switch (field.type) {
    case 'boolean':
      return (
        <Field.Control render={<input type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />} />
      );
    case 'choice':
      return (
        <Field.Control
          render={
            <select value={text} onChange={(event) => onChange(event.target.value)}>
              {!field.required && field.default === null && <option value="">–</option>}
              {field.required && text === '' && (
                <option value="" disabled>
                  Choose
                </option>
              )}
              {field.choices.map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </select>
          }
        />
      );
    case 'picker':
      return <Picker kind={field.picker ?? ''} value={text} onChange={onChange} isRequired={field.required} />;
    case 'integer':
    case 'number':
      return <NumberControl field={field} value={text} onChange={onChange} />;
    case 'instant':
      return <Field.Control render={<input type="datetime-local" />} value={text} required={field.required} onValueChange={onChange} />;
    case 'list':
    case 'text':
      return <TextControl field={field} value={text} onChange={onChange} />;
  }
}

type TextProps = Omit<ControlProps, 'value'> & { readonly value: string };

const NumberControl = ({ field, value, onChange }: TextProps) => (
  <Field.Control
    render={
      <input
        type="number"
        inputMode="decimal"
        step={field.type === 'integer' ? 1 : 'any'}
        min={field.minimum ?? undefined}
        max={field.maximum ?? undefined}
      />
    }
    value={value}
    required={field.required}
    onValueChange={onChange}
  />
);

const TextControl = ({ field, value, onChange }: TextProps) => (
  <Field.Control
    render={<input type="text" autoComplete="off" autoCapitalize="none" spellCheck={false} />}
    value={value}
    required={field.required}
    {...(field.type === 'text' && field.lengthMax !== null && { maxLength: field.lengthMax })}
    {...(field.type === 'list' && { placeholder: 'one, two, three' })}
    onValueChange={onChange}
  />
);
