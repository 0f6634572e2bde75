import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '../contract.ts';
import { readConfigFile } from './config-file.ts';
import { configSchema } from './config-schema.ts';
import { loadPlugins } from './load.ts';

/** `npm run generate`: writes core/plugins/plugins.schema.json; with --check fails when it is not current. */
const root = join(import.meta.dirname, '..', '..');
const file = join(import.meta.dirname, 'plugins.schema.json');
const loaded = await loadPlugins(await readConfigFile(join(root, 'plugins.json')), {});
const plugins = loaded.map((entry) => {
  if (entry.is === 'broken') throw entry.error;
  return entry.plugin;
});
const text = `${JSON.stringify(configSchema(plugins), null, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text)
    throw new HubError('generated_stale', 'core/plugins/plugins.schema.json is not current. Run: npm run generate');
} else writeFileSync(file, text);
