import { getBackendSrv, getDataSourceSrv, PluginPage } from '@grafana/runtime';
import { Alert, Button, Card, Combobox, Stack, type ComboboxOption } from '@grafana/ui';
import { useCallback, useEffect, useState } from 'react';
import { lastValueFrom } from 'rxjs';
import { DATASOURCE_ID } from '../../../names.ts';
import type { HubDataSource } from '../datasource/datasource.ts';
import { messageOf } from '../hub/client.ts';

interface Board {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

interface Said {
  readonly text: string;
  readonly isGood: boolean;
}

const hubOf = async (uid: string) => ((await getDataSourceSrv().get(uid)) as HubDataSource).hub;

/** Takes a dashboard from the hub and keeps it in Grafana; one that is there already is replaced, and stays in Grafana's history. */
async function keep(uid: string, name: string): Promise<void> {
  const dashboard = await (await hubOf(uid)).get(`/grafana/dashboards/${name}`);
  const data = { dashboard, overwrite: true, message: 'Taken from the NovaCron hub' };
  await lastValueFrom(getBackendSrv().fetch({ url: '/api/dashboards/db', method: 'POST', data, showErrorAlert: false }));
}

/** The app's page: dashboards of a hub, to be taken into Grafana. */
export function Boards() {
  const sources: ComboboxOption[] = getDataSourceSrv()
    .getList({ type: DATASOURCE_ID })
    .map(({ uid, name }) => ({ value: uid, label: name }));
  const [source, setSource] = useState(sources[0]?.value ?? null);
  const [boards, setBoards] = useState<readonly Board[]>([]);
  const [said, setSaid] = useState<Said | null>(null);
  const fail = useCallback((error: unknown) => setSaid({ text: messageOf(error), isGood: false }), []);
  useEffect(() => {
    if (source === null) return;
    hubOf(source)
      .then((hub) => hub.get<{ dashboards: readonly Board[] }>('/grafana/dashboards'))
      .then(({ dashboards }) => setBoards(dashboards), fail);
  }, [source, fail]);
  const take = (uid: string, { name, title }: Board) => {
    keep(uid, name).then(() => setSaid({ text: `"${title}" is in Grafana now.`, isGood: true }), fail);
  };
  return (
    <PluginPage>
      <Stack direction="column" gap={2}>
        {source === null && <Alert severity="info" title="Add a data source NovaCron first: then its dashboards are listed here." />}
        {sources.length > 1 && <Combobox options={sources} value={source} onChange={({ value }) => setSource(value)} width={40} />}
        {said !== null && <Alert severity={said.isGood ? 'success' : 'error'} title={said.text} onRemove={() => setSaid(null)} />}
        {boards.map((board) => (
          <Card key={board.name} noMargin>
            <Card.Heading>{board.title}</Card.Heading>
            <Card.Description>{board.description}</Card.Description>
            <Card.Actions>
              <Button variant="secondary" onClick={() => source !== null && take(source, board)}>
                Take into Grafana
              </Button>
            </Card.Actions>
          </Card>
        ))}
      </Stack>
    </PluginPage>
  );
}
