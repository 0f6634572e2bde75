import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from 'novacron/plugin';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../../../plugins/grafana/cli.ts';

let folder: string;
const said: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-provision-'));
  said.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...words: string[]) =>
  commands['grafana provision']!.run(words, { say: (line: string) => said.push(line) } as unknown as CommandContext);
const yaml = async (path: string): Promise<Record<string, unknown>> =>
  parse(await readFile(join(folder, path), 'utf8')) as Record<string, unknown>;

test('writes data sources, the app and the dashboards where Grafana looks for them, and no secret', async () => {
  expect(await run(folder, '--hub', 'https://hub.example/')).toBe(0);
  const { datasources } = await yaml('datasources/novacron.yaml');
  expect(datasources).toMatchObject([
    { type: 'novacron-hub-datasource', jsonData: { hubUrl: 'https://hub.example' }, secureJsonData: { token: '$NOVACRON_TOKEN' } },
    { type: 'prometheus', url: 'https://hub.example/api/v1/grafana/prometheus' },
  ]);
  const { providers } = await yaml('dashboards/novacron.yaml');
  const { path } = (providers as { options: { path: string } }[])[0]!.options;
  expect(JSON.parse(await readFile(join(path, 'fleet.json'), 'utf8'))).toMatchObject({ uid: 'novacron-fleet' });
  expect(await yaml('plugins/novacron.yaml')).toMatchObject({ apps: [{ type: 'novacron-hub-app' }] });
  expect(said).toEqual([expect.stringMatching(/^Wrote 10 files below /)]);
});

test('twice is the same as once', async () => {
  await run(folder);
  const before = await readFile(join(folder, 'dashboards/novacron/vm.json'), 'utf8');
  await run(folder);
  expect(await readFile(join(folder, 'dashboards/novacron/vm.json'), 'utf8')).toBe(before);
});

test.each([[[]], [['a', 'b']], [['a', '--hub', 'nowhere']], [['a', '--what']]])('refuses the words %j', async (words) => {
  await expect(run(...words)).rejects.toMatchObject({ code: 'cli_usage' });
});
