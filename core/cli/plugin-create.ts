import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { usage, type Options } from './options.ts';
import type { Screen } from './screen.ts';

interface CreateOptions {
  readonly screen: Screen;
  readonly options: Options;
  readonly projectDir: string | undefined;
}

const TEMPLATE = new URL('./plugin-template/', import.meta.url);
const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** `plugin create NAME`: a plugin, its test and its page of documentation, named in plugins.json. Overwrites nothing. */
export async function createPlugin(words: readonly string[], { screen, options, projectDir = PROJECT }: CreateOptions): Promise<ExitCode> {
  const [name] = words;
  if (name === undefined || words.length > 1) usage('Usage: novacron plugin create NAME');
  if (!/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/u.test(name))
    usage(`'${name}' is no name for a plugin: lower-case letters, digits and dashes, as in 'my-backups'.`);
  const config = join(projectDir, 'plugins.json');
  const before = await readFile(config, 'utf8');
  const added = addPlugin(before, name);
  const files = [
    { from: 'index.ts.txt', to: join('plugins', name, 'index.ts') },
    { from: 'README.md.txt', to: join('plugins', name, 'README.md') },
    { from: 'index.test.ts.txt', to: join('test', 'plugins', name, 'index.test.ts') },
  ];
  const taken = files.find(({ to }) => existsSync(join(projectDir, to)));
  if (taken !== undefined) usage(`${taken.to} is there already; nothing was written.`);
  for (const { from, to } of files) await fillIn(new URL(from, TEMPLATE), { to: join(projectDir, to), name });
  await writeFile(`${config}.new`, added);
  await rename(`${config}.new`, config);
  if (options.json) screen.json({ name, files: files.map(({ to }) => to) });
  else
    screen.lines([
      ...files.map(({ to }) => `Wrote ${to}`),
      `Named it in plugins.json. Test it: npm test -- ${name}`,
      `Start the hub again, then try: novacron ${name} greet world`,
    ]);
  return EXIT.ok;
}

async function fillIn(template: URL, { to, name }: { to: string; name: string }): Promise<void> {
  await mkdir(join(to, '..'), { recursive: true });
  const text = await readFile(template, 'utf8');
  await writeFile(to, text.replaceAll('__NAME__', name), { flag: 'wx' });
}

/** Adds one line and leaves the rest of the file as its owner wrote it. */
function addPlugin(text: string, name: string): string {
  const file = parse(text);
  if (name === 'hub' || Object.hasOwn(file.plugins ?? {}, name)) usage(`There is a plugin '${name}' already.`);
  const entry = { from: `./plugins/${name}` };
  const wanted = { ...file, plugins: { ...file.plugins, [name]: entry } };
  const written = JSON.stringify(entry).replace('{', '{ ').replace('}', ' }').replace(':', ': ');
  const comma = Object.keys(file.plugins ?? {}).length > 0 ? ',' : '\n  ';
  const added = text.replace(/("plugins"\s*:\s*\{)/u, (start) => `${start}\n    ${JSON.stringify(name)}: ${written}${comma}`);
  return isSame(added, wanted) ? added : `${JSON.stringify(wanted, null, 2)}\n`;
}

interface HubFile {
  readonly plugins?: Readonly<Record<string, unknown>>;
}

function parse(text: string): HubFile {
  try {
    return JSON.parse(text) as HubFile;
  } catch (error) {
    return usage(`plugins.json is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isSame(text: string, wanted: HubFile): boolean {
  try {
    const read = JSON.parse(text) as HubFile;
    return sorted(read) === sorted(wanted);
  } catch {
    // The text was written in a way this does not know: then the whole file is written anew.
    return false;
  }
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
