import type { QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, Input, Stack } from '@grafana/ui';
import type { HubDataSource } from './datasource.ts';
import type { HubOptions, HubQuery, VariableQuery } from './types.ts';

type Props = QueryEditorProps<HubDataSource, HubQuery, HubOptions, VariableQuery>;

const LISTS = [
  { value: 'vms', label: 'VMs' },
  { value: 'hosts', label: 'Hosts' },
  { value: 'tenants', label: 'Tenants' },
  { value: 'tags', label: 'Tags' },
  { value: 'metrics', label: 'Metrics' },
];
const NARROW = ['tenant', 'tag', 'host'] as const;

/** What a dashboard variable lists, and which of it. */
export function VariableEditor({ query, onChange }: Props) {
  return (
    <Stack gap={1} wrap="wrap">
      <InlineField label="List">
        <Combobox options={LISTS} value={query.of ?? null} onChange={({ value }) => onChange({ ...query, of: value })} width={20} />
      </InlineField>
      {query.of === 'vms' &&
        NARROW.map((name) => (
          <InlineField key={name} label={name}>
            <Input
              width={20}
              value={query[name] ?? ''}
              onChange={({ currentTarget }) => onChange({ ...query, [name]: currentTarget.value })}
            />
          </InlineField>
        ))}
    </Stack>
  );
}
