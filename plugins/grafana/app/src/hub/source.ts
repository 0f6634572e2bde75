import type { PanelData } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import type { HubClient } from './client.ts';

/** The hub that a panel's data came from. */
export async function hubOf({ request }: PanelData): Promise<HubClient> {
  const ref = request?.targets.find(({ datasource }) => datasource)?.datasource;
  const source: unknown = await getDataSourceSrv().get(ref, request?.scopedVars);
  if (typeof source === 'object' && source !== null && 'hub' in source) return source.hub as HubClient;
  throw new Error('This panel needs the data source NovaCron.');
}
