import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { HubError, type Plugin } from '../contract.ts';
import { invalid, type HubFile } from './config-file.ts';
import { resolveSecrets } from './config-secrets.ts';

/** A plugin with its validated config, ready to start; or why it could not be loaded. */
export type LoadedPlugin =
  | { readonly is: 'loaded'; readonly plugin: Plugin; readonly config: unknown }
  | { readonly is: 'broken'; readonly name: string; readonly error: HubError };

/** Loads what plugins.json names. One broken plugin does not stop the others. */
export async function loadPlugins(file: HubFile, env: NodeJS.ProcessEnv): Promise<LoadedPlugin[]> {
  const entries = Object.entries(file.plugins).filter(([, entry]) => entry.enabled);
  return Promise.all(
    entries.map(async ([name, entry]): Promise<LoadedPlugin> => {
      try {
        const plugin = await importPlugin(name, entry.from, file.dir);
        return await withConfig(plugin, { file: file.file, raw: await resolveSecrets(entry.config, env) });
      } catch (error) {
        return { is: 'broken', name, error: asHubError(name, error) };
      }
    }),
  );
}

/** Validates a plugin's config; the error names file, path and expectation. */
export async function withConfig(plugin: Plugin, { file, raw }: { file: string; raw: unknown }): Promise<LoadedPlugin> {
  const result = await plugin.config['~standard'].validate(raw);
  if (result.issues) return { is: 'broken', name: plugin.name, error: invalid(file, result.issues, ['plugins', plugin.name, 'config']) };
  return { is: 'loaded', plugin, config: result.value };
}

async function importPlugin(name: string, from: string, dir: string): Promise<Plugin> {
  const module = (await import(locate(from, dir))) as { default?: unknown };
  const plugin = module.default;
  if (!isPlugin(plugin))
    throw new HubError('plugin_invalid', `'${from}' has no default export made by definePlugin(). See "write a plugin" in the README.`);
  if (plugin.api !== 1)
    throw new HubError(
      'plugin_api',
      `Plugin '${name}' asks for API ${String(plugin.api)}; this hub offers 1. Install a version that fits.`,
    );
  if (plugin.name !== name)
    throw new HubError(
      'plugin_name',
      `plugins.json calls it '${name}', the plugin calls itself '${plugin.name}'. Use the plugin's own name as the key.`,
    );
  return plugin;
}

function locate(from: string, dir: string): string {
  if (!from.startsWith('.') && !from.startsWith('/')) return pathToFileURL(createRequire(join(dir, 'plugins.json')).resolve(from)).href;
  const folder = join(from.startsWith('/') ? '' : dir, from);
  const index = ['index.ts', 'index.js'].map((entry) => join(folder, entry)).find((path) => existsSync(path));
  if (index === undefined) throw new HubError('plugin_missing', `There is no index.ts in '${from}', which plugins.json names.`);
  return pathToFileURL(index).href;
}

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { name, config, needs, provides } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof config === 'object' && typeof needs === 'object' && typeof provides === 'object';
}

const asHubError = (name: string, error: unknown): HubError =>
  HubError.is(error)
    ? error
    : new HubError('plugin_broken', `Plugin '${name}' cannot be loaded: ${error instanceof Error ? error.message : String(error)}.`, {
        cause: error,
      });
