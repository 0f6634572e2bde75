import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command, Commands } from '../contract/commands.ts';
import { readConfigFile } from '../plugins/config-file.ts';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** The commands that the plugins of plugins.json bring with a `cli.ts`. A broken plugins.json has none: whoever starts the hub is told. */
export async function pluginCommands(projectDir = PROJECT): Promise<ReadonlyMap<string, Command>> {
  const file = await readConfigFile(join(projectDir, 'plugins.json')).catch(() => null);
  const found = new Map<string, Command>();
  for (const { from, enabled } of Object.values(file?.plugins ?? {})) {
    const path = join(file?.dir ?? projectDir, from, 'cli.ts');
    if (!enabled || !from.startsWith('.') || !existsSync(path)) continue;
    const { commands } = (await import(pathToFileURL(path).href)) as { readonly commands: Commands };
    for (const [words, command] of Object.entries(commands)) found.set(words, command);
  }
  return found;
}
