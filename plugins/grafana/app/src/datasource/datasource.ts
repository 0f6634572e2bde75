import {
  dataFrameFromJSON,
  DataSourceApi,
  LoadingState,
  type DataFrameJSON,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { from, merge, type Observable, of, switchMap } from 'rxjs';
import { HubClient, messageOf } from '../hub/client.ts';
import { followLive } from './live.ts';
import { isComplete, toAsk } from './queries.ts';
import type { HubOptions, HubQuery, VariableQuery } from './types.ts';

interface Answer {
  readonly frames: DataFrameJSON[];
  readonly errors: readonly { readonly refId: string; readonly message: string }[];
}

interface Health {
  readonly version: string;
  readonly actor: { readonly name: string; readonly role: string; readonly tenant: string };
  readonly metrics: number;
}

/** A hub as a data source: everything is asked of it with one request a panel. */
export class HubDataSource extends DataSourceApi<HubQuery, HubOptions> {
  readonly hub: HubClient;

  constructor(settings: DataSourceInstanceSettings<HubOptions>) {
    super(settings);
    this.hub = new HubClient(settings.url ?? '');
    this.annotations = { getDefaultQuery: () => ({ kind: 'annotations', of: ['incidents', 'jobs'] }) };
  }

  override query(request: DataQueryRequest<HubQuery>): Observable<DataQueryResponse> {
    const queries = request.targets.filter(isComplete);
    if (queries.length === 0) return of({ data: [] });
    return from(this.#ask(request, queries)).pipe(
      switchMap((answer) => {
        const followed = queries.filter(({ live, kind = 'metric' }) => live && kind === 'metric');
        return followed.length === 0 ? of(answer) : merge(of(answer), ...followed.map((query) => this.#follow(query, request, answer)));
      }),
    );
  }

  async #ask(request: DataQueryRequest<HubQuery>, queries: readonly HubQuery[]): Promise<DataQueryResponse> {
    const { range, maxDataPoints, scopedVars } = request;
    const body = {
      from: range.from.valueOf(),
      to: range.to.valueOf(),
      ...(maxDataPoints !== undefined && { maxDataPoints: Math.max(1, Math.round(maxDataPoints)) }),
      queries: queries.map((query) => toAsk(query, getTemplateSrv(), scopedVars)),
    };
    const { frames, errors } = await this.hub.post<Answer>('/grafana/query', body);
    return {
      data: frames.map((frame) => dataFrameFromJSON(frame)),
      state: errors.length > 0 ? LoadingState.Error : LoadingState.Done,
      ...(errors.length > 0 && { errors: errors.map(({ refId, message }) => ({ refId, message })) }),
    };
  }

  #follow(
    query: HubQuery,
    { range, scopedVars, requestId }: DataQueryRequest<HubQuery>,
    { data }: DataQueryResponse,
  ): Observable<DataQueryResponse> {
    const ask = toAsk(query, getTemplateSrv(), scopedVars);
    const parameters = new URLSearchParams();
    for (const name of ['metric', 'targets', 'tenant', 'tag', 'host'])
      for (const value of [ask[name]].flat()) if (typeof value === 'string') parameters.append(name, value);
    const frames = data.filter(({ refId }) => refId === query.refId);
    const spanMs = range.to.valueOf() - range.from.valueOf();
    return followLive(this.hub.url(`/grafana/live?${parameters}`), { frames, spanMs, key: `${requestId}-${query.refId}` });
  }

  override async metricFindQuery(query: Omit<VariableQuery, 'refId'>, options?: { scopedVars?: ScopedVars }): Promise<MetricFindValue[]> {
    const { of: list, ...narrow } = query;
    const fill = (text: string | undefined) => (text ? getTemplateSrv().replace(text, options?.scopedVars) : undefined);
    const params = { of: list, tenant: fill(narrow.tenant), tag: fill(narrow.tag), host: fill(narrow.host) };
    const given = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
    return (await this.hub.get<{ values: { text: string; value: string }[] }>('/grafana/variables', given)).values;
  }

  /** Names that fit what was typed, for the editor. */
  complete(of: string, text: string): Promise<{ values: { text: string; value: string; description?: string }[] }> {
    return this.hub.get('/grafana/variables', { of, text });
  }

  override async testDatasource(): Promise<{ status: 'success' | 'error'; message: string }> {
    try {
      const { version, actor, metrics } = await this.hub.get<Health>('/grafana/health');
      return {
        status: 'success',
        message: `NovaCron ${version}, ${metrics} metrics; you are ${actor.name}, ${actor.role} of ${actor.tenant}.`,
      };
    } catch (error) {
      return { status: 'error', message: messageOf(error) };
    }
  }

  override getQueryDisplayText({ kind = 'metric', metric, sql, action }: HubQuery): string {
    return { metric, sql, action, annotations: 'incidents and jobs' }[kind] ?? '';
  }
}
