import { Combobox, InlineField, InlineSwitch, Input, MultiCombobox, Stack, type ComboboxOption } from '@grafana/ui';
import type { EditorProps } from './query-editor.tsx';
import type { HubQuery } from './types.ts';

const AGGREGATES = ['mean', 'min', 'max', 'last', 'sum', 'p50', 'p95', 'p99', 'rate'].map((value) => ({ value, label: value }));
const FORECASTS: ComboboxOption[] = [
  { value: '6h', label: 'the next 6 hours' },
  { value: '24h', label: 'the next day' },
  { value: '7d', label: 'the next week' },
];

const NARROW = ['tenant', 'tag', 'host'] as const;

/** Targets of a metric of VMs are VMs, and so on. */
const listOf = (metric: string | undefined): string => (metric?.startsWith('host') ? 'hosts' : 'vms');

type Set = (change: Partial<HubQuery>) => void;
type PartProps = Pick<EditorProps, 'datasource' | 'query'> & { readonly set: Set };

/** A metric, of which things, and what is ahead of it. */
export function MetricFields({ datasource, query, onChange, onRunQuery }: EditorProps) {
  const set: Set = (change) => {
    onChange({ ...query, ...change });
    onRunQuery();
  };
  const parts = { datasource, query, set };
  return (
    <>
      <Stack gap={0.5} wrap="wrap">
        <MetricAndTargets {...parts} />
      </Stack>
      <Stack gap={0.5} wrap="wrap">
        <Ahead {...parts} />
        {NARROW.map((name) => (
          <InlineField key={name} label={`${name[0]?.toUpperCase()}${name.slice(1)}`}>
            <Input
              id={`${name}-${query.refId}`}
              width={16}
              defaultValue={query[name] ?? ''}
              onBlur={({ currentTarget }) => set({ [name]: currentTarget.value })}
            />
          </InlineField>
        ))}
      </Stack>
    </>
  );
}

function MetricAndTargets({ datasource, query, set }: PartProps) {
  const metrics = async (text: string): Promise<ComboboxOption[]> =>
    (await datasource.complete('metrics', text)).values.map(({ value, description }) => ({ value, ...(description && { description }) }));
  const things = async (text: string): Promise<ComboboxOption[]> =>
    (await datasource.complete(listOf(query.metric), text)).values.map(({ value }) => ({ value }));
  return (
    <>
      <InlineField label="Metric" labelWidth={14}>
        <Combobox
          id={`metric-${query.refId}`}
          width={32}
          options={metrics}
          value={query.metric ?? null}
          placeholder="vm.cpuRatio"
          createCustomValue
          onChange={({ value }) => set({ metric: value })}
        />
      </InlineField>
      <InlineField label="Of" tooltip="Names; none: all that the token may see">
        <MultiCombobox
          id={`targets-${query.refId}`}
          width={40}
          options={things}
          value={query.targets ?? []}
          placeholder="all"
          createCustomValue
          onChange={(chosen) => set({ targets: chosen.map(({ value }) => value) })}
        />
      </InlineField>
      <InlineField label="As">
        <Combobox
          id={`aggregate-${query.refId}`}
          width={14}
          options={AGGREGATES}
          value={query.aggregate ?? null}
          placeholder="usual"
          isClearable
          onChange={(chosen) => set({ aggregate: chosen?.value })}
        />
      </InlineField>
    </>
  );
}

function Ahead({ query, set }: PartProps) {
  const { refId } = query;
  return (
    <>
      <InlineField label="Forecast" labelWidth={14}>
        <Combobox
          id={`forecast-${refId}`}
          width={24}
          options={FORECASTS}
          value={query.forecast ?? null}
          placeholder="none"
          isClearable
          createCustomValue
          onChange={(chosen) => set({ forecast: chosen?.value })}
        />
      </InlineField>
      <InlineField label="Unusual" tooltip="What was found unusual, as points">
        <InlineSwitch
          id={`anomalies-${refId}`}
          value={query.anomalies ?? false}
          onChange={({ currentTarget }) => set({ anomalies: currentTarget.checked })}
        />
      </InlineField>
      <InlineField label="Live" tooltip="New values as they are measured">
        <InlineSwitch
          id={`live-${refId}`}
          value={query.live ?? false}
          onChange={({ currentTarget }) => set({ live: currentTarget.checked })}
        />
      </InlineField>
    </>
  );
}
