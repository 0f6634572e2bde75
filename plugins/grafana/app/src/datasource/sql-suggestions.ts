import type { CodeEditorSuggestionItem, CodeEditorSuggestionItemKind } from '@grafana/ui';

/** Its words: the enum itself would bring all of @grafana/ui along. */
const KIND = { constant: 'constant', property: 'property', field: 'field' } as unknown as Record<
  'constant' | 'property' | 'field',
  CodeEditorSuggestionItemKind
>;

export const MACROS: CodeEditorSuggestionItem[] = [
  { label: '$__timeFilter(time)', kind: KIND.constant, detail: 'within the range of the panel' },
  { label: '$__from', kind: KIND.constant, detail: 'begin of the range' },
  { label: '$__to', kind: KIND.constant, detail: 'end of the range' },
  { label: '$__stepSeconds', kind: KIND.constant, detail: 'seconds that a point of the panel stands for' },
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
    kind: KIND.property,
    detail: 'table',
  }));
  const columns = split.map(({ table, column, description }) => ({
    label: column,
    kind: KIND.field,
    detail: `${table}: ${description ?? ''}`,
  }));
  return [...MACROS, ...tables, ...columns];
}
