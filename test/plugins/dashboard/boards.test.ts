import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { expect, test, vi } from 'vitest';
import type { SampleBatch } from 'novacron/plugin';
import analytics from '../../../plugins/analytics/index.ts';
import charts from '../../../plugins/charts/index.ts';
import dashboard from '../../../plugins/dashboard/index.ts';
import type { VmStatus } from '../../../plugins/hypervisor/port.ts';
import { startTestHub } from '../../kit/hub.ts';
import { DAY_MS, GIB, vm } from '../analytics/recommendations/series.ts';
import { createVmWorld } from '../analytics/recommendations/world.ts';

/** A VM that does nothing, for a week. */
function idleWeek(): SampleBatch[] {
  const now = Date.now();
  return Array.from({ length: 7 * 288 + 24 }, (_, step) => now - 7 * DAY_MS - 7_200_000 + step * 300_000).flatMap((at) => [
    { table: 'vm', at, rows: [{ entity: 'idle', values: { cpuRatio: 0.001, memoryUsedBytes: GIB / 5 } }] },
    { table: 'vm.nic', at, rows: [{ entity: 'idle', device: 'nic0', values: { receiveBytes: 1000, transmitBytes: 0 } }] },
  ]);
}

test('advice is a list that leads to its reasons, and its button does it', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'novacron-boards-'));
  stack.defer(() => rm(folder, { recursive: true }));
  // React builds itself for development unless told otherwise.
  vi.stubEnv('NODE_ENV', 'production');
  const configFile = fileURLToPath(new URL('../../../plugins/dashboard/vite.config.ts', import.meta.url));
  await build({ configFile, logLevel: 'silent', build: { outDir: folder } });
  vi.unstubAllEnvs();
  const vms = new Map<string, VmStatus>([['idle', vm({ id: 'idle', name: 'idle' })]]);
  const page = { ...dashboard, pages: { '/': pathToFileURL(`${folder}/`) } };
  const hub = stack.use(await startTestHub({ plugins: [createVmWorld(vms), charts, analytics, page] }));
  const batches = idleWeek();
  for (let start = 0; start < batches.length; start += 60) await hub.metrics.write('monitoring', batches.slice(start, start + 60));
  await hub.run('recommendation.look', {});

  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  stack.defer(() => browser.close());
  const shown = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await shown.goto(`${hub.url}/#link=${await hub.identity.createSignInLink(hub.as('operator').id)}`);
  await shown.getByRole('link', { name: 'Advice' }).click();
  await shown.getByRole('link', { name: 'REC-1' }).click();
  await shown.getByText('Switch off idle, which does nothing.').waitFor();
  expect(new URL(shown.url()).pathname).toBe('/recommendations/REC-1');
  // What no plugin here offers has no place in the navigation.
  expect(await shown.getByRole('link', { name: 'Incidents' }).count()).toBe(0);
  await shown.getByRole('button', { name: 'Shut it down' }).click();
  await expect.poll(() => vms.get('idle')?.state).toBe('shut-off');
});
