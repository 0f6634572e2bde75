import type { DataQuery } from '@grafana/schema';
import type { DataSourceJsonData } from '@grafana/data';
import type { Ask } from '../../../query/request.ts';

/** A query as it stands in a dashboard: one of the hub's, some of its fields, and what only the browser does. */
export interface HubQuery extends DataQuery {
  kind?: Ask['kind'];
  metric?: string;
  targets?: string[];
  tenant?: string;
  tag?: string;
  host?: string;
  aggregate?: string;
  stepSeconds?: number;
  /** `6h`, `24h`, `7d`. */
  forecast?: string;
  /** What was found unusual, as points. */
  anomalies?: boolean;
  /** New values as they are measured. */
  live?: boolean;
  sql?: string;
  action?: string;
  input?: Record<string, unknown>;
  of?: string[];
}

/** A dashboard variable: `vms`, `hosts`, `tenants`, `tags`, `metrics`. */
export interface VariableQuery extends DataQuery {
  of: string;
  tenant?: string;
  tag?: string;
  host?: string;
}

export interface HubOptions extends DataSourceJsonData {
  hubUrl?: string;
}

export interface HubSecrets {
  token?: string;
}
