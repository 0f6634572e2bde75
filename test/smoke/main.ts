import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { libvirtHostMissing, startLibvirtHost } from '../kit/libvirt-host.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import { startHubProcess } from './hub-process.ts';
import { journey } from './journey.ts';

/** `npm run smoke [-- --json]`: the first journey once, on a hub and a hypervisor host of their own, measured. */
const BOUNDS: Readonly<Record<string, number>> = {
  ackP99Ms: 100,
  createToGuestUpMs: 12_000,
  firstSampleMs: 12_000,
  forecastMs: 3_000,
  hubRssBytes: 400_000_000,
};

async function smoke(): Promise<Record<string, number>> {
  const dir = await mkdtemp(join(tmpdir(), 'novacron-smoke-'));
  // The system user that PostgreSQL runs as has to reach the data folder.
  await chmod(dir, 0o755);
  try {
    const image = await tinyImage();
    await using host = await startLibvirtHost();
    const hypervisor = { hosts: [{ name: 'local', uri: host.uri }], poolDir: join(host.dir, 'pool'), accelerator: 'tcg' };
    await using hub = await startHubProcess({ dir, plugins: { hypervisor }, imagesDir: dirname(dirname(image.kernelPath)) });
    const figures = await journey(hub, dir);
    return { hubReadyMs: hub.readyMs, ...figures, hubRssBytes: await hub.rssBytes() };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const missing = libvirtHostMissing();
if (missing !== null) {
  console.error(`The smoke run needs a hypervisor host: ${missing}.`);
  process.exitCode = 1;
} else {
  const measured = Object.entries(await smoke()).map(([name, value]) => [name, Math.round(value * 10) / 10] as const);
  for (const [name, value] of measured) {
    const bound = BOUNDS[name];
    console.log(
      `${name.padEnd(20)} ${String(value).padStart(12)}${bound === undefined ? '' : `   bound ${bound}${value < bound ? '' : '   MISSED'}`}`,
    );
  }
  console.log(JSON.stringify({ smoke: 'ok', figures: Object.fromEntries(measured) }));
}
