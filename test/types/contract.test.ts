import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('refuses at compile time what the contract forbids, and compiles what it allows', async () => {
  const tsc = promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'test/types'], { cwd: root });
  await expect(tsc).resolves.toMatchObject({ stdout: '' });
}, 60_000);
