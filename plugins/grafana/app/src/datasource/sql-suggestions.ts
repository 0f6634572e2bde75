import type { CodeEditorSuggestionItem, CodeEditorSuggestionItemKind } from '@grafana/ui';

/** The enum itself would bring all of @grafana/ui along. */
const kind = (name: `${CodeEditorSuggestionItemKind}`) => name as CodeEditorSuggestionItemKind;

export const MACROS: CodeEditorSuggestionItem[] = [
  { label: '$__timeFilter(time)', kind: kind('constant'), detail: 'within the range of the panel' },
  { label: '$__from', kind: kind('constant'), detail: 'begin of the range' },
  { label: '$__to', kind: kind('constant'), detail: 'end of the range' },
  { label: '$__stepSeconds', kind: kind('constant'), detail: 'seconds that a point of the panel stands for' },
];

/** Tables and columns, of the metrics that there are: `vm.disk.readBytes` is `readBytes` of `vm_disk`. */
export function suggestionsOf(metrics: readonly { value: string; description?: string }[]): CodeEditorSuggestionItem[] {
  const split = metrics.map(({ value, description }) => ({
    table: value.slice(0, value.lastIndexOf('.')).replaceAll('.', '_'),
    column: value.slice(value.lastIndexOf('.') + 1),
    description,
  }));
  const tables = [...new Set(split.map(({ table }) => table))].map((label) => ({
    label,
    kind: kind('property'),
    detail: 'table',
  }));
  const columns = split.map(({ table, column, description }) => ({
    label: column,
    kind: kind('field'),
    detail: `${table}: ${description ?? ''}`,
  }));
  return [...MACROS, ...tables, ...columns];
}
