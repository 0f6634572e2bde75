import {
  applyFieldOverrides,
  dateTime,
  EventBusSrv,
  LoadingState,
  type DataFrame,
  type DataQueryResponse,
  type DataSourceApi,
  type GrafanaTheme2,
  type PanelData,
  type TimeRange,
} from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { type ComponentType, useEffect, useMemo, useState } from 'react';
import { from, isObservable } from 'rxjs';
import type { HubQuery } from '../../src/datasource/types.ts';

type Any = ComponentType<Record<string, unknown>>;

export interface StageProps {
  readonly show: string;
  readonly source: DataSourceApi<HubQuery>;
  readonly theme: GrafanaTheme2;
  readonly plugin: unknown;
  readonly editors: { readonly QueryEditor: Any; readonly ConfigEditor: Any; readonly VariableQueryEditor: Any };
  readonly query: HubQuery[];
}

const HOUR_MS = 3_600_000;

/** Shows one part of the app as Grafana would: a panel in its chrome with queried data, an editor, or the app's page. */
export function Stage(props: StageProps) {
  switch (props.show) {
    case 'query':
      return <QueryStage {...props} />;
    case 'config':
      return <ConfigStage {...props} />;
    case 'page': {
      const Page = (props.plugin as { root: Any }).root;
      return <Page basename="" path="" query={{}} meta={{}} onNavChanged={() => undefined} />;
    }
    default:
      return <PanelStage {...props} />;
  }
}

function useAnswer({ source, query }: StageProps, range: TimeRange): DataQueryResponse | null {
  const [answer, setAnswer] = useState<DataQueryResponse | null>(null);
  useEffect(() => {
    const asked = {
      requestId: 'Q1',
      targets: query,
      range,
      maxDataPoints: 600,
      intervalMs: 60_000,
      interval: '1m',
      scopedVars: {},
      timezone: 'utc',
      app: 'panel',
      startTime: 0,
    };
    const given = source.query(asked);
    const subscription = (isObservable(given) ? given : from(given)).subscribe(setAnswer);
    return () => subscription.unsubscribe();
  }, [source, query, range]);
  return answer;
}

function rangeOf(show: string): TimeRange {
  const now = Date.now();
  const [begin, end] = [dateTime(now - 48 * HOUR_MS), dateTime(now + (show === 'forecast' ? 24 * HOUR_MS : 0))];
  return { from: begin, to: end, raw: { from: begin, to: end } };
}

function PanelStage(props: StageProps) {
  const { plugin, query, theme, show } = props;
  const range = useMemo(() => rangeOf(show), [show]);
  const eventBus = useMemo(() => new EventBusSrv(), []);
  const answer = useAnswer(props, range);
  const { panel: Panel } = plugin as { panel: Any };
  if (answer === null) return <p>Asking …</p>;
  const series = applyFieldOverrides({
    data: answer.data as DataFrame[],
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text: string) => text,
    theme,
    timeZone: 'utc',
  });
  const data = {
    series,
    state: LoadingState.Done,
    timeRange: range,
    request: { targets: query.map((each) => ({ ...each, datasource: { uid: 'hub' } })) },
  } as unknown as PanelData;
  return (
    <>
      {answer.errors?.map(({ message }) => (
        <p role="alert" key={message}>
          {message}
        </p>
      ))}
      <PanelChrome title={TITLES[show] ?? show} width={900} height={380}>
        {(width, height) => (
          <Panel
            data={data}
            width={width}
            height={height}
            timeRange={range}
            timeZone="utc"
            options={OPTIONS[show] ?? {}}
            id={1}
            eventBus={eventBus}
            fieldConfig={{ defaults: {}, overrides: [] }}
          />
        )}
      </PanelChrome>
    </>
  );
}

const TITLES: Readonly<Record<string, string>> = { vmgrid: 'VMs', forecast: 'CPU: the next day', placement: 'Placement' };

/** Defaults of the options, which Grafana itself takes from the builders. */
const OPTIONS: Readonly<Record<string, object>> = {
  vmgrid: { hasActions: true, groupBy: 'host' },
  forecast: { hasScore: true },
  placement: { by: 'memory' },
};

function QueryStage({ editors, source, query }: StageProps) {
  const [edited, setEdited] = useState<HubQuery>(query[0] ?? { refId: 'A' });
  const { QueryEditor } = editors;
  return (
    <div style={{ width: 1000 }}>
      <QueryEditor datasource={source} query={edited} onChange={setEdited} onRunQuery={() => undefined} />
      <pre aria-label="query">{JSON.stringify(edited)}</pre>
    </div>
  );
}

function ConfigStage({ editors }: StageProps) {
  const [options, setOptions] = useState({ jsonData: {}, secureJsonFields: {}, secureJsonData: {} });
  const { ConfigEditor } = editors;
  return (
    <div style={{ width: 800 }}>
      <ConfigEditor options={options} onOptionsChange={setOptions} />
      <pre aria-label="options">{JSON.stringify(options)}</pre>
    </div>
  );
}
