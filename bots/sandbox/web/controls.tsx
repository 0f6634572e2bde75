import { useState, type ReactNode } from 'react';
import type { ElementState, Option, Place } from '../protocol.ts';
import { api, type Element } from './api.ts';
import type { FormState } from './form-state.ts';
import { ExternalSelect } from './external-select.tsx';
import { Text } from './mrkdwn.tsx';
import { useViewer } from './person-context.ts';

/** An element of Block Kit, as far as this page draws it. */
export interface Shape {
  readonly type: string;
  readonly action_id: string;
  readonly text?: { readonly text: string };
  readonly value?: string;
  readonly style?: string;
  readonly url?: string;
  readonly options?: readonly Option[];
  readonly placeholder?: { readonly text: string };
  readonly initial_value?: string;
  readonly initial_option?: Option;
  readonly initial_options?: readonly Option[];
  readonly initial_date_time?: number;
  readonly initial_date?: string;
  readonly initial_time?: string;
  readonly multiline?: boolean;
  readonly max_length?: number;
  readonly is_decimal_allowed?: boolean;
  readonly min_value?: string;
  readonly max_value?: string;
}

interface ControlProps {
  readonly element: unknown;
  readonly blockId: string;
  readonly place: Place;
  readonly form?: FormState | undefined;
  readonly labelledBy?: string;
}

function PressButton({ shape, at }: { readonly shape: Shape; readonly at: Element }): ReactNode {
  const { user, run } = useViewer();
  const [isBusy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    setBusy(true);
    await run(() => api.press(user, at));
    setBusy(false);
    if (shape.url !== undefined) window.open(shape.url, '_blank', 'noreferrer');
  };
  return (
    <button type="button" className={`press ${shape.style ?? ''}`} aria-disabled={isBusy} onClick={() => void press()}>
      <Text text={{ type: 'plain_text', ...shape.text }} />
    </button>
  );
}

/** Local wall-clock text for `datetime-local`. */
const toLocal = (seconds: number | null | undefined): string => {
  if (typeof seconds !== 'number') return '';
  const date = new Date(seconds * 1_000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

interface FieldProps {
  readonly shape: Shape;
  readonly state: ElementState | undefined;
  readonly labelledBy: string | undefined;
  onChange(state: Omit<ElementState, 'type'>): void;
}

function TextField({ shape, state, labelledBy, onChange }: FieldProps): ReactNode {
  const value = state ? (state.value ?? '') : (shape.initial_value ?? '');
  const common = { value, 'aria-labelledby': labelledBy, placeholder: shape.placeholder?.text ?? '', autoComplete: 'off' };
  if (shape.multiline === true) return <textarea {...common} rows={4} onChange={({ target }) => onChange({ value: target.value })} />;
  const isNumber = shape.type === 'number_input';
  return <input {...common} inputMode={isNumber ? 'decimal' : 'text'} onChange={({ target }) => onChange({ value: target.value })} />;
}

function Choice({ shape, state, labelledBy, onChange }: FieldProps): ReactNode {
  const chosen = state ? state.selected_option : shape.initial_option;
  return (
    <select
      aria-labelledby={labelledBy}
      value={chosen?.value ?? ''}
      onChange={({ target }) => onChange({ selected_option: shape.options?.find((option) => option.value === target.value) ?? null })}
    >
      <option value="">{shape.placeholder?.text ?? 'Choose'}</option>
      {shape.options?.map((option) => (
        <option key={option.value} value={option.value}>
          {option.text.text}
        </option>
      ))}
    </select>
  );
}

function Boxes({ shape, state, onChange }: FieldProps): ReactNode {
  const isRadio = shape.type === 'radio_buttons';
  const single = state ? state.selected_option : shape.initial_option;
  const chosen = isRadio ? (single ? [single] : []) : ((state ? state.selected_options : shape.initial_options) ?? []);
  const toggle = (option: Option, on: boolean): void => {
    if (isRadio) return onChange({ selected_option: option });
    const rest = chosen.filter((entry) => entry.value !== option.value);
    onChange({ selected_options: on ? [...rest, option] : rest });
  };
  return (
    <div className="boxes">
      {shape.options?.map((option) => (
        <label key={option.value}>
          <input
            type={isRadio ? 'radio' : 'checkbox'}
            checked={chosen.some((entry) => entry.value === option.value)}
            onChange={({ target }) => toggle(option, target.checked)}
          />
          <Text text={option.text} />
        </label>
      ))}
    </div>
  );
}

function Moment({ shape, state, labelledBy, onChange }: FieldProps): ReactNode {
  const common = { 'aria-labelledby': labelledBy };
  if (shape.type === 'datepicker') {
    const value = (state ? state.selected_date : shape.initial_date) ?? '';
    return <input {...common} type="date" value={value} onChange={({ target }) => onChange({ selected_date: target.value || null })} />;
  }
  if (shape.type === 'timepicker') {
    const value = (state ? state.selected_time : shape.initial_time) ?? '';
    return <input {...common} type="time" value={value} onChange={({ target }) => onChange({ selected_time: target.value || null })} />;
  }
  const seconds = state ? state.selected_date_time : shape.initial_date_time;
  return (
    <input
      {...common}
      type="datetime-local"
      value={toLocal(seconds)}
      onChange={({ target }) =>
        onChange({ selected_date_time: target.value === '' ? null : Math.floor(new Date(target.value).getTime() / 1_000) })
      }
    />
  );
}

function Field({ at, ...props }: FieldProps & { readonly at: Element }): ReactNode {
  switch (props.shape.type) {
    case 'plain_text_input':
    case 'number_input':
      return <TextField {...props} />;
    case 'static_select':
    case 'overflow':
      return <Choice {...props} />;
    case 'checkboxes':
    case 'radio_buttons':
      return <Boxes {...props} />;
    case 'datetimepicker':
    case 'datepicker':
    case 'timepicker':
      return <Moment {...props} />;
    case 'external_select': {
      const chosen = props.state ? props.state.selected_option : props.shape.initial_option;
      return <ExternalSelect {...props} at={at} chosen={chosen ?? null} />;
    }
    default:
      return <span>[{props.shape.type}]</span>;
  }
}

/** An interactive element: in a form it is remembered, in a message it acts at once. */
export function Control({ element, blockId, place, form, labelledBy }: ControlProps): ReactNode {
  const { user, run } = useViewer();
  const [own, setOwn] = useState<ElementState>();
  const shape = element as Shape;
  const at: Element = { place, blockId, actionId: shape.action_id };
  if (shape.type === 'button') return <PressButton shape={shape} at={at} />;
  const state = form ? form.values[blockId]?.[shape.action_id] : own;
  const change = (next: Omit<ElementState, 'type'>): void => {
    const full: ElementState = { type: shape.type, ...next };
    if (form) return form.set(blockId, shape.action_id, full);
    setOwn(full);
    void run(() => api.press(user, at, { state: full }));
  };
  return <Field shape={shape} state={state} labelledBy={labelledBy} onChange={change} at={at} />;
}
