import { CodeEditor, InlineField, Text, type CodeEditorSuggestionItem } from '@grafana/ui';
import { useEffect, useState } from 'react';
import type { EditorProps } from './query-editor.tsx';
import { MACROS, suggestionsOf } from './sql-suggestions.ts';

export function SqlFields({ datasource, query, onChange, onRunQuery }: EditorProps) {
  const [suggestions, setSuggestions] = useState<CodeEditorSuggestionItem[]>(MACROS);
  useEffect(() => {
    let isShown = true;
    datasource.complete('metrics', '').then(
      ({ values }) => isShown && setSuggestions(suggestionsOf(values)),
      // Without names the editor still takes SQL; the query itself says what is wrong.
      () => undefined,
    );
    return () => {
      isShown = false;
    };
  }, [datasource]);
  const run = (sql: string) => {
    onChange({ ...query, sql });
    onRunQuery();
  };
  return (
    <>
      <InlineField label="SQL" labelWidth={14} grow>
        <CodeEditor
          language="sql"
          height={140}
          value={query.sql ?? ''}
          showMiniMap={false}
          showLineNumbers
          onBlur={run}
          onSave={run}
          getSuggestions={() => suggestions}
        />
      </InlineField>
      <Text color="secondary" variant="bodySmall">
        One SELECT of DuckDB over vm, vm_disk, vm_nic, host …; $__timeFilter(time), $__from, $__to and $__stepSeconds are of the panel.
      </Text>
    </>
  );
}
