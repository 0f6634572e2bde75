import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HubError, type Commands } from 'novacron/plugin';
import { stringify } from 'yaml';
import { BOARD_NAMES, buildDashboard } from './dashboards/all.ts';
import { APP_ID, DATASOURCE_ID } from './names.ts';

const HUB_URL = 'http://127.0.0.1:7780';

/** The token stays out of the files: Grafana puts in what its environment has. */
const datasources = (hubUrl: string) => ({
  apiVersion: 1,
  datasources: [
    {
      name: 'NovaCron',
      uid: 'novacron',
      type: DATASOURCE_ID,
      access: 'proxy',
      jsonData: { hubUrl },
      secureJsonData: { token: '$NOVACRON_TOKEN' },
    },
    {
      name: 'NovaCron (Prometheus)',
      uid: 'novacron-prometheus',
      type: 'prometheus',
      access: 'proxy',
      url: `${hubUrl}/api/v1/grafana/prometheus`,
      jsonData: { httpMethod: 'POST', timeInterval: '10s', httpHeaderName1: 'Authorization' },
      secureJsonData: { httpHeaderValue1: 'Bearer $NOVACRON_TOKEN' },
    },
  ],
});

const provider = (path: string) => ({
  apiVersion: 1,
  providers: [{ name: 'novacron', folder: 'NovaCron', type: 'file', allowUiUpdates: true, options: { path } }],
});

const apps = { apiVersion: 1, apps: [{ type: APP_ID, org_id: 1, disabled: false }] };

const MARK = '# Written by `novacron grafana provision`; it will be written over.\n';

/** Contents by path below Grafana's provisioning folder. `source` in the dashboards is the data source that is provisioned with them. */
export function provisioningFiles(folder: string, hubUrl: string): Map<string, string> {
  const boards = join('dashboards', 'novacron');
  const yaml = (content: object): string => `${MARK}${stringify(content)}`;
  return new Map([
    ['datasources/novacron.yaml', yaml(datasources(hubUrl))],
    ['plugins/novacron.yaml', yaml(apps)],
    ['dashboards/novacron.yaml', yaml(provider(join(folder, boards)))],
    ...BOARD_NAMES.map((name) => [join(boards, `${name}.json`), `${JSON.stringify(buildDashboard(name), null, 2)}\n`] as const),
  ]);
}

function readWords(words: readonly string[]): { folder: string; hubUrl: string } {
  const usage = (cause?: unknown) => new HubError('cli_usage', 'Usage: novacron grafana provision DIR [--hub URL]', { status: 400, cause });
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: { hub: { type: 'string' } }, allowPositionals: true });
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) throw usage();
    return { folder: resolve(folder), hubUrl: new URL(values.hub ?? HUB_URL).href.replace(/\/+$/, '') };
  } catch (error) {
    throw HubError.is(error) ? error : usage(error);
  }
}

export const provisionCommand: Commands[string] = {
  usage: 'grafana provision DIR [--hub URL]',
  help: "Write data sources and dashboards into Grafana's provisioning folder.",
  async run(words, { say }) {
    const { folder, hubUrl } = readWords(words);
    const files = provisioningFiles(folder, hubUrl);
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    say(`Wrote ${files.size} files below ${folder}. Give Grafana the hub's token as NOVACRON_TOKEN and start it again.`);
    return 0;
  },
};
