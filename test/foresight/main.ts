import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libvirtHostMissing } from '../kit/libvirt-host.ts';
import { foresee } from './story.ts';

/** `npm run demo:foresight [-- --json]`: a disk fills up, the hub sees it coming, a person presses the button. Prints what happened and when. */
const missing = libvirtHostMissing();
if (missing !== null) {
  console.error(`The demo needs a hypervisor host: ${missing}.`);
  process.exitCode = 1;
} else {
  const dir = await mkdtemp(join(tmpdir(), 'novacron-foresight-'));
  // The system user that PostgreSQL runs as has to reach the data folder.
  await chmod(dir, 0o755);
  try {
    const seen = Object.entries(await foresee(dir, (line) => console.error(line)));
    const figures = Object.fromEntries(seen.map(([name, value]) => [name, Math.round(value * 10) / 10]));
    for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(28)} ${String(value).padStart(12)}`);
    console.log(JSON.stringify({ foresight: 'ok', figures }));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
