import { readFile } from 'node:fs/promises';
import { HubError, Secret } from '../contract.ts';

/** Replaces `{ "env": "NAME" }` and `{ "file": "/path" }` anywhere in a plugin's config by a Secret. An unset variable leaves the field out. */
export async function resolveSecrets(value: unknown, env: NodeJS.ProcessEnv): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolveSecrets(item, env)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [key, name] = entries[0] as [string, unknown];
    if (key === 'env' && typeof name === 'string') return env[name] === undefined ? undefined : new Secret(env[name]);
    if (key === 'file' && typeof name === 'string') return new Secret(await readSecret(name));
  }
  const resolved = await Promise.all(entries.map(async ([key, item]) => [key, await resolveSecrets(item, env)] as const));
  return Object.fromEntries(resolved.filter(([, item]) => item !== undefined));
}

async function readSecret(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HubError('config_secret_missing', `The secret file '${file}' named in plugins.json cannot be read.`, { cause });
  });
  return text.trim();
}
