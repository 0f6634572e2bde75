import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createThings } from '../../kit/things.ts';
import { testDatabase, type TestDatabase } from '../../kit/postgres.ts';

const things = createThings();
const dataDir = mkdtempSync(join(tmpdir(), 'novacron-jobs-'));
let database: TestDatabase;
let hub: TestHub;

beforeAll(async () => {
  database = await testDatabase();
  hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url, dataDir });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(() => {
  things.world.clear();
  things.happened.length = 0;
  things.faults.clear();
});

const start = (id: string, input: unknown, on = hub) => on.actions.execute(id, input, { actor: on.as('admin'), via: 'http' });
const finish = async (id: string, input: unknown) => hub.end(await start(id, input));

describe('a job that fails', () => {
  it('takes back its steps, newest first, and says why', async () => {
    things.faults.set('fill', 'bug');
    const job = await finish('thing.create', { name: 'anvil' });
    expect(job.state).toMatchObject({ is: 'undone', failure: { code: 'action_failed' } });
    expect(things.happened).toEqual(['make', 'unmake']);
    expect(things.world.size).toBe(0);
  });

  it('leaves alone what it did not make', async () => {
    await finish('thing.create', { name: 'anvil', level: 5 });
    const job = await finish('thing.create', { name: 'anvil' });
    expect(job.state).toMatchObject({ failure: { code: 'thing_name_taken' } });
    expect(things.world.get('default/anvil')?.level).toBe(5);
  });

  it('keeps the hub running when the plugin has a bug', async () => {
    things.faults.set('make', 'bug');
    await finish('thing.create', { name: 'anvil' });
    expect((await finish('thing.create', { name: 'anvil' })).state.is).toBe('succeeded');
  });
});

describe('a step', () => {
  it('is tried again when its answer was lost, and finds that it has happened', async () => {
    things.faults.set('make', 'lost');
    expect((await finish('thing.create', { name: 'anvil' })).state.is).toBe('succeeded');
    expect(things.happened).toEqual(['make', 'fill']);
  });

  it('is tried again when the world was down for a moment', async () => {
    things.faults.set('fill', 'down');
    expect((await finish('thing.create', { name: 'anvil' })).state.is).toBe('succeeded');
  });
});

describe('cancelling', () => {
  it('ends a step that waits and takes back what was done', async () => {
    const outcome = await start('thing.create', { name: 'anvil', pauseMs: 60_000 });
    if (outcome.is !== 'accepted') throw new Error(outcome.is);
    await expect.poll(() => things.happened).toEqual(['make']);
    const call = { actor: hub.as('admin'), via: 'http' as const };
    expect((await hub.jobs.cancel(outcome.job.id, call)).state.is).toBe('cancelling');
    expect((await hub.end(outcome)).state).toMatchObject({ is: 'undone', failure: { code: 'job_cancelled' } });
    await expect(hub.jobs.cancel(outcome.job.id, call)).rejects.toMatchObject({ code: 'job_ended', status: 409 });
    expect(things.world.size).toBe(0);
  });

  it('is not for who may not do what the job does', async () => {
    const outcome = await start('thing.create', { name: 'anvil', pauseMs: 60_000 });
    if (outcome.is !== 'accepted') throw new Error(outcome.is);
    await expect(hub.jobs.cancel(outcome.job.id, { actor: hub.as('viewer'), via: 'http' })).rejects.toMatchObject({
      code: 'permission_denied',
    });
    await expect(hub.jobs.cancel(outcome.job.id, { actor: hub.as('operator', 'other'), via: 'http' })).rejects.toMatchObject({
      code: 'job_unknown',
    });
    await hub.jobs.cancel(outcome.job.id, { actor: hub.as('operator'), via: 'http' });
    await hub.end(outcome);
  });
});

describe('the order on one target', () => {
  it('is that of the calls, while other targets go on', async () => {
    await finish('thing.create', { name: 'anvil' });
    await finish('thing.create', { name: 'bell' });
    const slow = await start('thing.raise', { thing: 'anvil', pauseMs: 400 });
    const next = await start('thing.raise', { thing: 'anvil' });
    expect((await finish('thing.raise', { thing: 'bell' })).state.is).toBe('succeeded');
    expect(things.happened.filter((what) => what.startsWith('raise'))).toEqual(['raise 2']);
    expect((await hub.end(slow)).state).toMatchObject({ output: { level: 2 } });
    expect((await hub.end(next)).state).toMatchObject({ output: { level: 3 } });
  });

  it('lets one of two creations of one name succeed', async () => {
    const ends = await Promise.all(
      (await Promise.all([1, 2].map(() => start('thing.create', { name: 'anvil' })))).map((outcome) => hub.end(outcome)),
    );
    expect(ends.map(({ state }) => state.is).toSorted()).toEqual(['succeeded', 'undone']);
  });
});

describe('events and lists', () => {
  it('follow a job from its acceptance to its end', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of hub.events.subscribe({
        actor: hub.as('viewer'),
        types: ['job.changed', 'job.ended'],
        signal: abort.signal,
      }))
        if (event.type === 'job.changed' || event.type === 'job.ended')
          seen.push((event.data as { job: { state: { is: string } } }).job.state.is);
    })();
    await finish('thing.create', { name: 'anvil' });
    await expect.poll(() => seen.at(-1)).toBe('succeeded');
    expect(seen).toContain('running');
    abort.abort();
    await reading;
  });

  it('show jobs to their tenant only', async () => {
    const job = await finish('thing.create', { name: 'anvil' });
    expect((await hub.jobs.list({}, hub.as('viewer'))).map(({ id }) => id)).toContain(job.id);
    expect((await hub.jobs.list({}, hub.as('viewer', 'other'))).map(({ id }) => id)).not.toContain(job.id);
  });
});

describe('a hub that stops', () => {
  it('goes on with its open jobs at the next start, without doing a recorded step again', async () => {
    const outcome = await start('thing.create', { name: 'anvil', pauseMs: 2_000 });
    if (outcome.is !== 'accepted') throw new Error(outcome.is);
    await expect.poll(() => things.happened).toEqual(['make']);
    await hub[Symbol.asyncDispose]();
    expect(things.happened).toEqual(['make']);
    hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url, dataDir });
    expect((await hub.jobs.wait(outcome.job.id, AbortSignal.timeout(30_000))).state.is).toBe('succeeded');
    expect(things.happened).toEqual(['make', 'fill']);
    expect(await hub.audit.verify()).toMatchObject({ ok: true });
  });

  it('goes on with jobs that were begun before hubs had versions of their own', async () => {
    const outcome = await start('thing.create', { name: 'lyre', pauseMs: 2_000 });
    if (outcome.is !== 'accepted') throw new Error(outcome.is);
    await expect.poll(() => things.happened).toEqual(['make']);
    await hub[Symbol.asyncDispose]();
    await database.query(`update dbos.workflow_status set application_version = '1' where workflow_uuid = $1`, [outcome.job.id]);
    hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url, dataDir });
    expect((await hub.jobs.wait(outcome.job.id, AbortSignal.timeout(30_000))).state.is).toBe('succeeded');
    expect(things.happened).toEqual(['make', 'fill']);
  });

  it('forgets jobs that ended long ago, with what was recorded of their steps', async () => {
    const { id } = await finish('thing.create', { name: 'flute' });
    await database.query(`update core.job set "endedAt" = now() - interval '91 days' where id = $1`, [id]);
    await hub[Symbol.asyncDispose]();
    hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url, dataDir });
    await expect.poll(() => hub.jobs.get(id, hub.as('admin')).catch((error: { code: string }) => error.code)).toBe('job_unknown');
    expect(await database.query('select * from dbos.workflow_status where workflow_uuid = $1', [id])).toEqual([]);
  });

  it('takes back a job that was cancelled while no hub ran it', async () => {
    const outcome = await start('thing.create', { name: 'drum', pauseMs: 60_000 });
    if (outcome.is !== 'accepted') throw new Error(outcome.is);
    await expect.poll(() => things.happened).toEqual(['make']);
    await hub[Symbol.asyncDispose]();
    await database.query(`update core.job set "cancelledBy" = 'somebody' where id = $1`, [outcome.job.id]);
    hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url, dataDir });
    expect((await hub.jobs.wait(outcome.job.id, AbortSignal.timeout(30_000))).state.is).toBe('undone');
    expect(things.happened).toEqual(['make', 'unmake']);
  });

  it('waits for the plugin that began a job, when that does not run', async () => {
    const outcome = await start('thing.create', { name: 'bell', pauseMs: 1_000 });
    if (outcome.is !== 'accepted') throw new Error(outcome.is);
    await expect.poll(() => things.happened).toEqual(['make']);
    await hub[Symbol.asyncDispose]();
    hub = await startTestHub({ plugins: [], databaseUrl: database.url, dataDir });
    const stateOf = async () => (await hub.jobs.get(outcome.job.id, hub.as('admin'))).state.is;
    await expect.poll(stateOf).toBe('waiting');
    await hub[Symbol.asyncDispose]();
    hub = await startTestHub({ plugins: [things.plugin], databaseUrl: database.url, dataDir });
    expect((await hub.jobs.wait(outcome.job.id, AbortSignal.timeout(30_000))).state.is).toBe('succeeded');
  });
});
