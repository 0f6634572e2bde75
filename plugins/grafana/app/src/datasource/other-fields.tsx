import { Combobox, InlineField, Input, MultiCombobox, Stack, type ComboboxOption } from '@grafana/ui';
import { useState } from 'react';
import type { EditorProps } from './query-editor.tsx';
import type { HubQuery } from './types.ts';

function parseInput(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** An action that shows something, and its input. */
export function ActionFields({ datasource, query, onChange, onRunQuery }: EditorProps) {
  const [text, setText] = useState(query.input === undefined ? '' : JSON.stringify(query.input));
  const set = (change: Partial<HubQuery>) => {
    onChange({ ...query, ...change });
    onRunQuery();
  };
  const actions = async (typed: string): Promise<ComboboxOption[]> =>
    (await datasource.hub.actions())
      .filter(({ id, risk }) => risk === 'read' && id.includes(typed))
      .map(({ id, label }) => ({ value: id, description: label }));
  const isWrong = parseInput(text) === null;
  return (
    <Stack gap={0.5} wrap="wrap">
      <InlineField label="Action" labelWidth={14}>
        <Combobox
          width={32}
          options={actions}
          value={query.action ?? null}
          placeholder="vm.list"
          createCustomValue
          onChange={({ value }) => set({ action: value })}
        />
      </InlineField>
      <InlineField label="Input" invalid={isWrong} error='JSON: {"state": "running"}'>
        <Input
          width={48}
          value={text}
          placeholder='{"state": "running"}'
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          onBlur={() => {
            const input = parseInput(text);
            if (input !== null) set({ input });
          }}
        />
      </InlineField>
    </Stack>
  );
}

const HAPPENINGS: ComboboxOption[] = [
  { value: 'incidents', label: 'Incidents' },
  { value: 'jobs', label: 'Jobs' },
];

export function AnnotationFields({ query, onChange, onRunQuery }: EditorProps) {
  return (
    <InlineField label="Of" labelWidth={14}>
      <MultiCombobox
        width={40}
        options={HAPPENINGS}
        value={query.of ?? HAPPENINGS.map(({ value }) => value)}
        onChange={(chosen) => {
          onChange({ ...query, of: chosen.map(({ value }) => value) });
          onRunQuery();
        }}
      />
    </InlineField>
  );
}
