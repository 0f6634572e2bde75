import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { z } from 'zod';
import { HubError } from '../contract.ts';
import { HubConfig } from './hub-config.ts';

const PluginEntry = z.strictObject({
  from: z.string().min(1).describe('A folder (./plugins/x) or the name of an npm package.'),
  enabled: z.boolean().default(true),
  config: z.record(z.string(), z.unknown()).default({}),
});

export const ConfigFile = z.strictObject({
  $schema: z.string().optional(),
  hub: HubConfig.prefault({}),
  plugins: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), PluginEntry).default({}),
});

export interface HubFile {
  readonly file: string;
  readonly dir: string;
  readonly hub: HubConfig;
  readonly plugins: Readonly<Record<string, z.infer<typeof PluginEntry>>>;
}

/** Reads plugins.json. HubError `config_invalid` names the file, the path in it, and what was expected there. */
export async function readConfigFile(file: string): Promise<HubFile> {
  const full = resolve(file);
  const text = await readFile(full, 'utf8').catch((cause: unknown) => {
    throw new HubError(
      'config_missing',
      `${file} cannot be read. Run the hub in the folder of plugins.json, or name the file with --config.`,
      { cause },
    );
  });
  const parsed = ConfigFile.safeParse(parseJson(file, text));
  if (!parsed.success) throw invalid(file, parsed.error.issues);
  return { file: full, dir: dirname(full), hub: parsed.data.hub, plugins: parsed.data.plugins };
}

function parseJson(file: string, text: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  const first = errors[0];
  if (first === undefined) return value;
  const line = text.slice(0, first.offset).split('\n').length;
  throw new HubError('config_invalid', `${file}, line ${line} is not JSON: ${printParseErrorCode(first.error)}.`);
}

interface ConfigIssue {
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly message: string;
}

/** One sentence for all issues: `plugins.json, hub.port: expected …`. `under` is the path of the part that was checked. */
export function invalid(file: string, issues: readonly ConfigIssue[], under: readonly string[] = []): HubError {
  const lines = issues.slice(0, 10).map(({ path = [], message }) => {
    const keys = [...under, ...path.map((key) => String(typeof key === 'object' ? key.key : key))];
    return `${keys.join('.') || 'the whole file'}: ${message}`;
  });
  return new HubError('config_invalid', `${file} is not as expected. ${lines.join('; ')}.`, { details: { file, issues: lines } });
}
