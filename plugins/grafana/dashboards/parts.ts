import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { GraphDrawStyle, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DatasourceVariableBuilder,
  PanelBuilder as AnyPanelBuilder,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as BarGaugePanel } from '@grafana/grafana-foundation-sdk/bargauge';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimePanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { DATASOURCE_ID } from '../names.ts';
import type { ActionAsk, AnnotationsAsk, MetricAsk, SqlAsk } from '../query/request.ts';

type Given<T extends { kind: string }> = Pick<T, 'kind'> & Partial<Omit<T, 'refId' | 'hide' | 'kind'>>;
/** A query as the data source's editor would write it; variables as `$vm`. */
export type Query = Given<MetricAsk> | Given<SqlAsk> | Given<ActionAsk> | Given<AnnotationsAsk>;

/** Which of the installed hubs: a person may have several. */
const SOURCE = { type: DATASOURCE_ID, uid: '${source}' };

const dataquery = (query: Query, index: number): Builder<Dataquery> => ({
  build: () => ({ refId: String.fromCharCode(65 + index), datasource: SOURCE, ...query, _implementsDataqueryVariant() {} }),
});

export interface PanelOptions {
  readonly unit?: string;
  /** Of 24. */
  readonly width?: number;
  readonly height?: number;
  readonly max?: number;
  readonly description?: string;
}

type Common = AnyPanelBuilder | BarGaugePanel | StatPanel | TablePanel | TimePanel;

function dress<P extends Common>(panel: P, title: string, { queries, options }: { queries: readonly Query[]; options: PanelOptions }): P {
  const { unit, width = 12, height = 8, max, description } = options;
  panel.title(title).datasource(SOURCE).span(width).height(height).targets(queries.map(dataquery));
  if (unit !== undefined) panel.unit(unit);
  if (max !== undefined) panel.max(max);
  if (description !== undefined) panel.description(description);
  return panel;
}

const list = (queries: Query | readonly Query[]): readonly Query[] => (Array.isArray(queries) ? queries : [queries as Query]);

export const lines = (title: string, queries: Query | readonly Query[], options: PanelOptions = {}) =>
  dress(new TimePanel(), title, { queries: list(queries), options })
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .min(0);

export const stat = (title: string, query: Query, options: PanelOptions = {}) =>
  dress(new StatPanel(), title, { queries: [query], options: { width: 6, height: 4, ...options } });

export const bars = (title: string, query: Query, options: PanelOptions = {}) =>
  dress(new BarGaugePanel(), title, { queries: [query], options }).min(0);

export const table = (title: string, query: Query, options: PanelOptions = {}) =>
  dress(new TablePanel(), title, { queries: [query], options: { width: 24, ...options } });

/** A panel of our own app; `show` are its options. */
export const own = (
  type: string,
  title: string,
  { queries, show = {}, ...options }: PanelOptions & { queries: readonly Query[]; show?: object },
) => dress(new AnyPanelBuilder().type(type).options(show), title, { queries, options: { width: 24, height: 10, ...options } });

export const metric = (name: string, more: Partial<Omit<Given<MetricAsk>, 'kind' | 'metric'>> = {}): Query => ({
  kind: 'metric',
  metric: name,
  ...more,
});
export const action = (id: string, input: ActionAsk['input'] = {}): Query => ({ kind: 'action', action: id, input });
export const sql = (text: string): Query => ({ kind: 'sql', sql: text });

/** A variable that lists what the hub has: `vms`, `hosts`, `tenants`, `metrics`. */
export const variable = (name: string, of: string, more: { readonly multi?: boolean; readonly label?: string } = {}) =>
  new QueryVariableBuilder(name)
    .label(more.label ?? name)
    .datasource(SOURCE)
    .query({ of })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(more.multi ?? false);

const happenings = (of: 'incidents' | 'jobs', color: string) =>
  new AnnotationQueryBuilder()
    .name(of)
    .datasource(SOURCE)
    .enable(true)
    .iconColor(color)
    .target(dataquery({ kind: 'annotations', of: [of] }, 0));

/** A board with what all have: the choice of the hub, incidents and jobs as annotations. */
export const board = (name: string, title: string, description: string): DashboardBuilder =>
  new DashboardBuilder(`NovaCron: ${title}`)
    .uid(`novacron-${name}`)
    .description(description)
    .tags(['novacron'])
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .withVariable(new DatasourceVariableBuilder('source').label('hub').type(DATASOURCE_ID))
    .annotation(happenings('incidents', 'red'))
    .annotation(happenings('jobs', 'blue'));
