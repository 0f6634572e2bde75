import type { QueryEditorProps } from '@grafana/data';
import { InlineField, RadioButtonGroup, Stack } from '@grafana/ui';
import type { HubDataSource } from './datasource.ts';
import { ActionFields, AnnotationFields } from './other-fields.tsx';
import { MetricFields } from './metric-fields.tsx';
import { SqlFields } from './sql-fields.tsx';
import type { HubOptions, HubQuery } from './types.ts';

export type EditorProps = QueryEditorProps<HubDataSource, HubQuery, HubOptions>;

const KINDS: { value: NonNullable<HubQuery['kind']>; label: string; description: string }[] = [
  { value: 'metric', label: 'Metric', description: 'A metric of VMs or hosts, with its forecast' },
  { value: 'sql', label: 'SQL', description: 'One SELECT over the samples, for administrators' },
  { value: 'action', label: 'Table', description: 'What an action shows: VMs, incidents, recommendations' },
  { value: 'annotations', label: 'Happenings', description: 'Incidents and jobs' },
];

/** One query: of which kind, and the fields of that kind. */
export function QueryEditor(props: EditorProps) {
  const { query, onChange } = props;
  const { kind = 'metric' } = query;
  return (
    <Stack direction="column" gap={0.5}>
      <InlineField label="Ask for" labelWidth={14}>
        <RadioButtonGroup options={KINDS} value={kind} onChange={(value) => onChange({ ...query, kind: value })} />
      </InlineField>
      {kind === 'metric' && <MetricFields {...props} />}
      {kind === 'sql' && <SqlFields {...props} />}
      {kind === 'action' && <ActionFields {...props} />}
      {kind === 'annotations' && <AnnotationFields {...props} />}
    </Stack>
  );
}
