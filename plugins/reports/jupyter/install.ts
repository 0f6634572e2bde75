import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HubError } from 'novacron/plugin';

interface InstallOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly projectDir: string;
}

/** `--prefix DIR` for an environment of Python; else the first folder of JUPYTER_PATH, else what Jupyter looks through for this user. */
function folderOf(words: readonly string[], env: NodeJS.ProcessEnv): string {
  const { values } = parseWords(words);
  if (values.prefix !== undefined) return join(values.prefix, 'share', 'jupyter');
  const [first] = (env['JUPYTER_PATH'] ?? '').split(':').filter((path) => path !== '');
  if (first !== undefined) return first;
  if (env['JUPYTER_DATA_DIR'] !== undefined) return env['JUPYTER_DATA_DIR'];
  const home = env['HOME'] ?? homedir();
  return process.platform === 'darwin'
    ? join(home, 'Library', 'Jupyter')
    : join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'jupyter');
}

function parseWords(words: readonly string[]): { values: { prefix?: string | undefined } } {
  try {
    return parseArgs({ args: [...words], options: { prefix: { type: 'string' } } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HubError('cli_usage', `Usage: novacron kernel install [--prefix DIR]. ${reason}`, { status: 400 });
  }
}

/** Writes the kernelspec; answers its folder. Installed again it replaces itself. */
export async function installKernel(words: readonly string[], { env, projectDir }: InstallOptions): Promise<string> {
  const folder = join(folderOf(words, env), 'kernels', 'novacron');
  const spec = {
    argv: [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(projectDir, 'core', 'main.ts'),
      'kernel',
      'run',
      '{connection_file}',
    ],
    display_name: 'NovaCron (TypeScript)',
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: { debugger: false },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`);
  return folder;
}
