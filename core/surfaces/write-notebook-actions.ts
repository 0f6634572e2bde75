import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createBuiltin } from '../builtin/index.ts';
import { HubError } from '../contract/errors.ts';
import { readConfigFile } from '../plugins/config-file.ts';
import { loadPlugins } from '../plugins/load.ts';
import { notebookActions } from './typescript.ts';

/** `npm run generate`: writes notebooks/generated/actions.ts; with --check fails when it is not current. */
const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'notebooks', 'generated', 'actions.ts');
const loaded = await loadPlugins(await readConfigFile(join(root, 'plugins.json')), {});
const plugins = loaded.map((entry) => {
  if (entry.is === 'broken') throw entry.error;
  return entry.plugin;
});
// Declarations need none of the services that a running hub gives.
const builtin = createBuiltin({ tenants: ['default'] } as never);
const actions = [builtin, ...plugins].flatMap((plugin) =>
  Object.entries(plugin.actions ?? {}).map(([id, action]) => ({ plugin: plugin.name, id, action })),
);
const text = notebookActions(actions);
const isCurrent = (): boolean => {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
};
if (process.argv.includes('--check')) {
  if (!isCurrent()) throw new HubError('generated_stale', 'notebooks/generated/actions.ts is not current. Run: npm run generate');
} else {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
