import * as emotion from '@emotion/css';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { setPluginPage } from '../../node_modules/@grafana/runtime/dist/esm/components/PluginPage.mjs';
import * as ui from '@grafana/ui';
import lodash from 'lodash';
import moment from 'moment';
import * as React from 'react';
import * as ReactDOM from 'react-dom';
import { createRoot } from 'react-dom/client';
import * as rxjs from 'rxjs';
import { Stage, type StageProps } from './stage.tsx';

/**
 * What Grafana's own loader does, without Grafana: real React and @grafana/* as modules of SystemJS, the built plugins as AMD modules. Here is only what Grafana
 * shares with plugins: whatever else they ask for fails here as it would there.
 */
const HOST = {
  react: React,
  'react-dom': ReactDOM,
  rxjs,
  lodash,
  moment,
  '@emotion/css': emotion,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
};

interface Loader {
  set(id: string, module: object): void;
  addImportMap(map: object): void;
  import(path: string): Promise<{ plugin: unknown }>;
}
declare const System: Loader;

for (const [name, module] of Object.entries(HOST))
  System.set(
    `app:${name}`,
    Object.assign(Object.create(null) as object, module, { default: (module as { default?: unknown }).default ?? module }),
  );
System.addImportMap({ imports: Object.fromEntries(Object.keys(HOST).map((name) => [name, `app:${name}`])) });

const parameters = new URLSearchParams(location.search);
const theme = data.createTheme({ colors: { mode: parameters.get('theme') === 'light' ? 'light' : 'dark' } });
Object.assign(runtime.config, { theme2: theme });

/** Fetches as Grafana's backend service does, errors included. */
runtime.setBackendSrv({
  fetch: (request: runtime.BackendSrvRequest) =>
    rxjs.from(
      (async () => {
        const query = new URLSearchParams(Object.entries(request.params ?? {}).map(([name, value]) => [name, String(value)]));
        const url = query.size > 0 ? `${request.url}?${query}` : request.url;
        const response = await fetch(url, {
          method: request.method,
          headers: { 'content-type': 'application/json' },
          ...(request.data !== undefined && { body: JSON.stringify(request.data) }),
        });
        const answer = {
          config: request,
          data: await response.json(),
          status: response.status,
          statusText: response.statusText,
          ok: response.ok,
        };
        if (!response.ok) throw answer;
        return answer;
      })(),
    ),
} as runtime.BackendSrv);
runtime.setTemplateSrv({
  replace: (text = '') => text,
  getVariables: () => [],
  containsTemplate: () => false,
  updateTimeRange: () => undefined,
});
setPluginPage(({ children }) => <div>{children}</div>);

async function main(): Promise<void> {
  const { plugin } = (await System.import('/plugin/datasource/module.js')) as { plugin: data.DataSourcePlugin<never> };
  const settings = {
    id: 1,
    uid: 'hub',
    name: 'hub',
    type: 'novacron-hub-datasource',
    url: '/ds',
    jsonData: {},
    meta: {},
    access: 'proxy',
    readOnly: false,
  };
  const DataSource = plugin.DataSourceClass as unknown as new (given: object) => StageProps['source'];
  const source = new DataSource(settings);
  runtime.setDataSourceSrv({
    get: async () => source,
    getList: () => [settings],
    getInstanceSettings: () => settings,
  } as unknown as runtime.DataSourceSrv);
  const show = parameters.get('show') ?? '';
  const module = ['vmgrid', 'forecast', 'placement'].includes(show)
    ? await System.import(`/plugin/${show}/module.js`)
    : await System.import('/plugin/module.js');
  const props: StageProps = {
    show,
    source,
    theme,
    plugin: module.plugin,
    editors: plugin.components as unknown as StageProps['editors'],
    query: JSON.parse(parameters.get('query') ?? '[]'),
  };
  const { canvas } = theme.colors.background;
  Object.assign(document.body.style, {
    background: canvas,
    color: theme.colors.text.primary,
    padding: '12px',
    margin: '0',
    boxSizing: 'border-box',
    fontFamily: theme.typography.fontFamily,
    fontSize: '14px',
  });
  createRoot(document.getElementById('root')!).render(
    <data.ThemeContext.Provider value={theme}>
      <ui.GlobalStyles />
      <ui.PortalContainer />
      <Stage {...props} />
    </data.ThemeContext.Provider>,
  );
}

main().catch((error: unknown) => {
  document.body.innerText = `harness: ${error instanceof Error ? error.stack : String(error)}`;
});
