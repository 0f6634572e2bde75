import { readFile } from 'node:fs/promises';
import { HubError, type Commands } from 'novacron/plugin';
import { installKernel } from './jupyter/install.ts';
import type { ConnectionFile } from './jupyter/wire.ts';

export const commands: Commands = {
  'kernel install': {
    usage: 'kernel install [--prefix DIR]',
    help: 'Make the kernel known to Jupyter on this machine: for you, or below a prefix.',
    async run(words, { env, projectDir, say }) {
      const folder = await installKernel(words, { env, projectDir });
      say(`Wrote ${folder}/kernel.json. Choose the kernel "NovaCron (TypeScript)" in JupyterLab or VS Code.`);
      return 0;
    },
  },
  'kernel run': {
    usage: 'kernel run CONNECTION_FILE',
    help: 'Run as a Jupyter kernel; Jupyter calls this.',
    async run([file], { hub, projectDir }) {
      if (file === undefined) throw new HubError('cli_usage', 'Usage: novacron kernel run CONNECTION_FILE', { status: 400 });
      const connection = JSON.parse(await readFile(file, 'utf8')) as ConnectionFile;
      const { version } = JSON.parse(await readFile(`${projectDir}/package.json`, 'utf8')) as { version: string };
      const { runKernel } = await import('./jupyter/kernel.ts');
      await runKernel({ connection, hub, cwd: process.cwd(), version });
      return 0;
    },
  },
};
