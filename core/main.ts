#!/usr/bin/env node
import { join, resolve } from 'node:path';
import { HubError } from './contract.ts';

/** `novacron <command>`: `up` and `doctor` run here; all else is said to the hub that runs. */
async function main(argv: readonly string[]): Promise<number> {
  const dataDir = resolve(process.env['NOVACRON_DATA'] ?? join(import.meta.dirname, '..', '.data'));
  const [command, ...rest] = argv;
  switch (command) {
    case 'up':
      // Everything is closed by then; a handle that a library left open must not keep the process.
      return process.exit(await (await import('./up.ts')).up(rest, { dataDir }));
    case 'doctor':
      return (await import('./setup/doctor.ts')).runDoctor(rest, { dataDir });
    case undefined:
    default:
      return (await import('./cli/client.ts')).runCli(argv, {
        dataDir,
        env: process.env,
        stdin: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
      });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!HubError.is(error)) throw error;
  process.stderr.write(`${error.message} (${error.code})\n`);
  process.exitCode = 1;
}
