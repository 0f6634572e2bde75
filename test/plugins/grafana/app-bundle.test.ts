import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleApp, zipApp } from '../../../plugins/grafana/app-bundle.ts';
import { START_TIMEOUT_MS, startWorld, type World } from './world.ts';

describe('the app that the hub serves', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  }, START_TIMEOUT_MS);
  afterAll(() => world.hub[Symbol.asyncDispose]());

  test('is a zip with one folder, the five plugins and the dashboards', async () => {
    const response = await fetch(`${world.hub.url}/api/v1/grafana/app.zip`, {
      headers: { authorization: `Bearer ${world.tokens['viewer']}` },
    });
    expect(response.headers.get('content-type')).toBe('application/zip');
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
    const names = Object.keys(files);
    expect(names.every((name) => name.startsWith('novacron-hub-app/'))).toBe(true);
    for (const part of ['', 'datasource/', 'vmgrid/', 'forecast/', 'placement/'])
      expect(names).toEqual(expect.arrayContaining([`novacron-hub-app/${part}plugin.json`, `novacron-hub-app/${part}module.js`]));
    const { id, info, includes } = JSON.parse(Buffer.from(files['novacron-hub-app/plugin.json']!).toString()) as {
      id: string;
      info: { version: string; updated: string };
      includes: { type: string; path?: string }[];
    };
    expect({ id, version: info.version }).toEqual({ id: 'novacron-hub-app', version: '0.1.0' });
    const boards = includes.filter(({ type }) => type === 'dashboard');
    expect(boards).toHaveLength(7);
    for (const { path } of boards) expect(names).toContain(`novacron-hub-app/${path}`);
  });

  test('brings none of what Grafana has itself, and asks for it as AMD', async () => {
    for (const [path, code] of await bundleApp({ version: '1.0.0', day: '2026-01-01' })) {
      if (!path.endsWith('.js')) continue;
      expect(code.startsWith('define(["exports","module",')).toBe(true);
      expect({ path, kilobytes: Math.round(code.length / 1024) < 60 }).toEqual({ path, kilobytes: true });
      expect(code).not.toContain('Minified React error');
    }
  });

  test('the same sources are the same bytes', async () => {
    const stamp = { version: '1.0.0', day: '2026-01-01' };
    expect(Buffer.from(await zipApp(stamp)).equals(Buffer.from(await zipApp(stamp)))).toBe(true);
  });
});
