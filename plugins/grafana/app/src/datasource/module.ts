import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './config-editor.tsx';
import { HubDataSource } from './datasource.ts';
import { QueryEditor } from './query-editor.tsx';
import type { HubOptions, HubQuery, HubSecrets } from './types.ts';
import { VariableEditor } from './variable-editor.tsx';

export const plugin = new DataSourcePlugin<HubDataSource, HubQuery, HubOptions, HubSecrets>(HubDataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setVariableQueryEditor(VariableEditor);
