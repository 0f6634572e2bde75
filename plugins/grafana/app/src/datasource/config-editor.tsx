import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { InlineField, Input, SecretInput, Stack, Text } from '@grafana/ui';
import type { ChangeEvent } from 'react';
import type { HubOptions, HubSecrets } from './types.ts';

type Props = DataSourcePluginOptionsEditorProps<HubOptions, HubSecrets>;

/** Where the hub is, and the token that Grafana speaks to it with. */
export function ConfigEditor({ options, onOptionsChange }: Props) {
  const { jsonData, secureJsonData, secureJsonFields } = options;
  const setUrl = (event: ChangeEvent<HTMLInputElement>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, hubUrl: event.target.value.trim().replace(/\/+$/, '') } });
  const setToken = (token: string, isKept = false) =>
    onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, token }, secureJsonFields: { ...secureJsonFields, token: isKept } });
  return (
    <Stack direction="column" gap={1}>
      <InlineField label="Hub" labelWidth={16} tooltip="Where Grafana's server reaches the hub">
        <Input id="hub-url" width={50} value={jsonData.hubUrl ?? ''} placeholder="http://127.0.0.1:7780" onChange={setUrl} />
      </InlineField>
      <InlineField label="Token" labelWidth={16} tooltip="Made with: novacron token create">
        <SecretInput
          id="hub-token"
          width={50}
          isConfigured={Boolean(secureJsonFields?.['token'])}
          value={secureJsonData?.token ?? ''}
          placeholder="nova_…"
          onChange={(event: ChangeEvent<HTMLInputElement>) => setToken(event.target.value)}
          onReset={() => setToken('')}
        />
      </InlineField>
      <Text color="secondary" variant="bodySmall">
        All who may use this data source see and do what the owner of the token may. Take a token of a viewer for dashboards, and one of an
        operator only where buttons are wanted.
      </Text>
    </Stack>
  );
}
