import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, HubError } from '../../core/contract.ts';
import { startTestHub } from '../kit/hub.ts';
import { createThings } from '../kit/things.ts';
import { testDatabase } from '../kit/postgres.ts';

const dir = mkdtempSync(join(tmpdir(), 'novacron-hub-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a hub that lacks something', () => {
  it('starts without its metrics when another process holds their file, and says who and what to do', async () => {
    mkdirSync(join(dir, 'metrics'), { recursive: true });
    const file = join(dir, 'metrics', 'metrics.duckdb');
    const script = `const { DuckDBInstance } = await import('@duckdb/node-api'); await DuckDBInstance.create(${JSON.stringify(file)}); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      await using hub = await startTestHub({ dataDir: dir });
      expect(hub.announcements()).toMatchObject([{ label: 'metrics', tone: 'warn', text: expect.stringContaining(`(${holder.pid})`) }]);
      await expect(hub.metrics.sql('select 1', { signal: AbortSignal.timeout(1_000) })).rejects.toMatchObject({ code: 'metrics_locked' });
      expect(await hub.health()).toContainEqual(expect.objectContaining({ name: 'metrics', ok: false }));
      expect(await hub.run('me.get', {})).toMatchObject({ role: 'admin' });
    } finally {
      holder.kill('SIGKILL');
    }
  });

  it('is shown as degraded by name when a plugin fails, with all else at work', async () => {
    const broken = definePlugin({ name: 'broken', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action }) => ({
      actions: {
        'broken.do': action({ title: 'Do', label: 'Do', risk: 'read', input: z.object({}), output: z.null(), run: async () => null }),
      },
      start: () => {
        throw new HubError('broken_cable', 'The cable is not plugged in. Plug it in.');
      },
    }));
    await using hub = await startTestHub({ plugins: [broken, createThings().plugin] });
    const call = { actor: hub.as('admin'), via: 'http' as const };
    await expect(hub.actions.execute('broken.do', {}, call)).rejects.toMatchObject({
      code: 'plugin_unavailable',
      status: 503,
      message: expect.stringContaining('cable'),
    });
    expect((await hub.actions.execute('thing.list', {}, call)).is).toBe('done');
    const response = await fetch(`${hub.url}/readyz`);
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toContain('cable');
  });

  it('rejects a plugin that declares what another one has', async () => {
    const things = createThings().plugin;
    await using hub = await startTestHub({ plugins: [things, { ...things, name: 'copy' }] });
    expect(hub.plugins().get('copy')).toMatchObject({ is: 'failed', error: { code: 'plugin_declares_twice' } });
    expect(hub.plugins().get('things')?.is).toBe('started');
  });
});

describe('a hub whose PostgreSQL drops all connections', () => {
  it('finishes the job that runs, once', async () => {
    await using database = await testDatabase();
    const things = createThings();
    await using hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url });
    const outcome = await hub.actions.execute('thing.create', { name: 'anvil', pauseMs: 1_000 }, { actor: hub.as('admin'), via: 'http' });
    await expect.poll(() => things.happened).toEqual(['make']);
    await database.dropConnections();
    expect((await hub.end(outcome)).state.is).toBe('succeeded');
    expect(things.happened).toEqual(['make', 'fill']);
    expect(await hub.audit.verify()).toMatchObject({ ok: true });
  });
});
