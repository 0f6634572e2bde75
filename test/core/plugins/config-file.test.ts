import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, type Secret } from '../../../core/contract.ts';
import { readConfigFile } from '../../../core/plugins/config-file.ts';
import { resolveSecrets } from '../../../core/plugins/config-secrets.ts';
import { loadPlugins, withConfig } from '../../../core/plugins/load.ts';

const dir = mkdtempSync(join(tmpdir(), 'novacron-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = (text: string): string => {
  const path = join(dir, 'plugins.json');
  writeFileSync(path, text);
  return path;
};

describe('plugins.json', () => {
  it('is named with the line that is not JSON', async () => {
    await expect(readConfigFile(file('{\n  "hub": {\n    "port": ,\n  }\n}'))).rejects.toThrow(/plugins\.json, line 3 is not JSON/);
  });

  it('is named with path and expectation when a value is wrong or unknown', async () => {
    await expect(readConfigFile(file('{"hub":{"port":"many","colour":"red"}}'))).rejects.toThrow(/hub\.port: .*number.*colour/s);
  });

  it('that is missing says how to name another one', async () => {
    await expect(readConfigFile(join(dir, 'nowhere.json'))).rejects.toMatchObject({ code: 'config_missing' });
  });

  it('names a plugin that is not there without stopping the others', async () => {
    const loaded = await loadPlugins(await readConfigFile(file('{"plugins":{"ghost":{"from":"./ghost"}}}')), {});
    expect(loaded).toMatchObject([{ is: 'broken', name: 'ghost', error: { code: 'plugin_missing' } }]);
  });

  it("names the path of a plugin's wrong config", async () => {
    const plugin = definePlugin({ name: 'backup', api: 1, config: z.object({ keepMax: z.int() }), needs: {}, provides: {} }, () => ({}));
    const loaded = await withConfig(plugin, { file: 'plugins.json', raw: { keepMax: 'all' } });
    expect(loaded).toMatchObject({ is: 'broken', error: { message: expect.stringMatching(/plugins\.backup\.config\.keepMax/) } });
  });
});

describe('secrets in the config', () => {
  it('come from the environment or a file, print as ***, and are left out when unset', async () => {
    const path = join(dir, 'token');
    writeFileSync(path, 'from-file\n');
    const config = (await resolveSecrets({ a: { env: 'A' }, b: [{ file: path }], c: { env: 'UNSET' }, d: 1 }, { A: 'from-env' })) as {
      a: Secret;
      b: Secret[];
    };
    expect(config.a.reveal()).toBe('from-env');
    expect(config.b[0]?.reveal()).toBe('from-file');
    expect(JSON.stringify(config)).toBe('{"a":"***","b":["***"],"d":1}');
    expect(String(config.a)).toBe('***');
  });
});
