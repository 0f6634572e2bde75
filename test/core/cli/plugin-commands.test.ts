import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from './terminal.ts';

let projectDir: string;
beforeEach(async () => {
  projectDir = await mkdtemp(join(tmpdir(), 'novacron-project-'));
  await mkdir(join(projectDir, 'plugins/weather'), { recursive: true });
  await writeFile(join(projectDir, 'plugins.json'), '{ "plugins": { "weather": { "from": "./plugins/weather" } } }');
  await writeFile(
    join(projectDir, 'plugins/weather/cli.ts'),
    "export const commands = { 'weather ask': { usage: 'weather ask CITY', help: 'Ask for the weather.', run: async (words: string[], { say }: { say(line: string): void }) => { say(`sunny in ${words[0]}`); return 7; } } };\n",
  );
});
afterEach(() => rm(projectDir, { recursive: true }));

describe('commands of plugins', () => {
  it('run without a hub, with the words after them, and end with their own code', async () => {
    expect(await cli(['weather', 'ask', 'Oslo'], { projectDir })).toEqual({ code: 7, out: 'sunny in Oslo\n', err: '' });
  });

  it('stand in the help', async () => {
    expect((await cli(['help'], { projectDir })).out).toMatch(/weather ask CITY +Ask for the weather/u);
  });

  it('are not there when the plugin is off', async () => {
    await writeFile(join(projectDir, 'plugins.json'), '{ "plugins": { "weather": { "from": "./plugins/weather", "enabled": false } } }');
    expect((await cli(['weather', 'ask', 'Oslo'], { projectDir })).code).toBe(5);
  });
});

describe('kernel install', () => {
  it('writes the kernelspec below a prefix, and refuses what it does not understand', async () => {
    const { code, out } = await cli(['kernel', 'install', '--prefix', projectDir]);
    expect([code, out]).toEqual([0, expect.stringContaining(`${projectDir}/share/jupyter/kernels/novacron/kernel.json`)]);
    const spec = JSON.parse(await readFile(join(projectDir, 'share/jupyter/kernels/novacron/kernel.json'), 'utf8')) as { argv: string[] };
    expect(spec.argv.slice(-3)).toEqual(['kernel', 'run', '{connection_file}']);
    expect((await cli(['kernel', 'install', '--globally'])).code).toBe(2);
  });
});
