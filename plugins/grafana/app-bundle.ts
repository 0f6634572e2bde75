import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { zipSync, type Zippable } from 'fflate';
import { HubError } from 'novacron/plugin';
import { BOARD_NAMES, buildDashboard } from './dashboards/all.ts';
import { APP_ID } from './names.ts';

const SOURCE = fileURLToPath(new URL('./app/src/', import.meta.url));

/** What Grafana gives to plugins: none of it may be bundled, above all not React. */
const HOST_MODULES = [
  'react',
  'react-dom',
  'rxjs',
  'lodash',
  'moment',
  '@emotion/css',
  '@emotion/react',
  '@grafana/data',
  '@grafana/runtime',
  '@grafana/ui',
];

/** The one AMD call that Grafana's loader expects, around a CommonJS bundle. */
function asAmd(code: string, modules: readonly string[]): string {
  const given = modules.map((_, index) => `m${index}`);
  const known = modules.map((name, index) => `${JSON.stringify(name)}: m${index}`).join(', ');
  return `define(${JSON.stringify(['exports', 'module', ...modules])}, function (${['exports', 'module', ...given].join(', ')}) {
var known = { ${known} };
var require = function (name) { return known[name]; };
${code}
return module.exports;
});
`;
}

async function bundleModule(entry: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(SOURCE, entry)],
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    minify: true,
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { jsx: 'react' } },
    inject: [join(SOURCE, 'react.ts')],
    external: HOST_MODULES,
    logLevel: 'silent',
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.filter(({ external }) => external));
  return asAmd(outputFiles[0]?.text ?? '', [...new Set(imports.map(({ path }) => path))].toSorted());
}

const dashboardFiles = (): (readonly [string, string])[] =>
  BOARD_NAMES.map((name) => [`dashboards/${name}.json`, JSON.stringify(buildDashboard(name), null, 2)] as const);

/** The app's plugin.json also lists the dashboards that it brings. */
function withDashboards(json: string): string {
  const plugin = JSON.parse(json) as { includes: object[] };
  const boards = BOARD_NAMES.map((name) => ({ type: 'dashboard', name: buildDashboard(name).title, path: `dashboards/${name}.json` }));
  return JSON.stringify({ ...plugin, includes: [...plugin.includes, ...boards] }, null, 2);
}

/** All files of the built app by their paths. Takes about 0.1 s and needs none of Grafana's packages. */
export async function bundleApp({ version, day }: { readonly version: string; readonly day: string }): Promise<Map<string, string>> {
  const stamp = (text: string): string => text.replaceAll('%VERSION%', version).replaceAll('%TODAY%', day);
  const files = new Map(dashboardFiles());
  for (const path of globSync('**/{plugin.json,*.svg}', { cwd: SOURCE })) {
    const text = stamp(await readFile(join(SOURCE, path), 'utf8'));
    files.set(path, path === 'plugin.json' ? withDashboards(text) : text);
  }
  for (const path of globSync('{*/,}module.{ts,tsx}', { cwd: SOURCE })) files.set(path.replace(/\.tsx?$/, '.js'), await bundleModule(path));
  return files;
}

/** The app as Grafana's plugin folder takes it: unpack it there. Errors: HubError `grafana_app_unbuilt`. */
export async function zipApp(stamp: { readonly version: string; readonly day: string }): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const files = await bundleApp(stamp);
    const entries = [...files].map(([path, text]) => [`${APP_ID}/${path}`, Buffer.from(text)] as const);
    // The same sources are the same bytes.
    return new Uint8Array(zipSync(Object.fromEntries(entries) as Zippable, { level: 9, mtime: `${stamp.day}T00:00:00` }));
  } catch (cause) {
    throw new HubError('grafana_app_unbuilt', "The app could not be built from plugins/grafana/app; the hub's log has the reason.", {
      cause,
    });
  }
}
