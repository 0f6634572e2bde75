// The process that holds a lab which `npm run lab -- up` leaves running: node keeper.ts HOSTS STORAGE.
// It tells its parent (over IPC) what came of it, and lives until the lab is told to go down.
import { serveControl } from './control.ts';
import { startLab, type Lab } from './lab.ts';

export type KeeperReport = { readonly dir: string } | { readonly error: string };

async function keep(hosts: number, storage: 'shared' | 'local'): Promise<Lab> {
  const lab = await startLab({ hosts, storage });
  await serveControl(lab, () => process.exit(0));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void lab[Symbol.asyncDispose]().finally(() => process.exit(0));
    });
  }
  return lab;
}

function report(what: KeeperReport): void {
  process.send?.(what);
  process.disconnect();
}

try {
  const [, , hosts, storage] = process.argv;
  const lab = await keep(Number(hosts), storage === 'shared' ? 'shared' : 'local');
  report({ dir: lab.dir });
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
