import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job, Role } from '../../../core/contract.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createThings } from '../../kit/things.ts';
import { tokenFor } from '../http/client.ts';
import { cli } from './terminal.ts';

let hub: TestHub;
const things = createThings();
const env = new Map<Role, NodeJS.ProcessEnv>();

beforeAll(async () => {
  hub = await startTestHub({ plugins: [things.plugin] });
  for (const role of ['viewer', 'operator', 'admin'] as const)
    env.set(role, { NOVACRON_URL: hub.url, NOVACRON_TOKEN: await tokenFor(hub, role) });
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(() => things.world.clear());

const as = (role: Role) => ({ env: env.get(role) ?? {} });
const thing = (name: string, level = 1) => things.world.set(`default/${name}`, { name, tenant: 'default', tags: [], level });

describe('exit codes', () => {
  it('5 when no hub was started, none listens, or something else answers', async () => {
    expect(await cli(['thing', 'list'])).toMatchObject({ code: 5, err: expect.stringContaining('npm run up') as unknown });
    expect((await cli(['thing', 'list'], { env: { NOVACRON_URL: 'http://127.0.0.1:9', NOVACRON_TOKEN: 'x' } })).code).toBe(5);
    // A slip in a command that needs no hub is not the hub's fault.
    expect(await cli(['audit', 'exprt'])).toMatchObject({ code: 2, err: expect.stringContaining('audit export') as unknown });
    const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      expect((await cli(['thing', 'list'], { env: { NOVACRON_URL: url, NOVACRON_TOKEN: 'x' } })).code).toBe(5);
    } finally {
      other.close();
    }
  });

  it('3 when the token is wrong, missing for another hub, or the person may not', async () => {
    expect((await cli(['thing', 'list'], { env: { NOVACRON_URL: hub.url, NOVACRON_TOKEN: 'nova_wrong' } })).code).toBe(3);
    expect((await cli(['thing', 'list'], { env: { NOVACRON_URL: hub.url } })).code).toBe(3);
    expect((await cli(['audit', 'export'], as('viewer'))).code).toBe(3);
  });

  it('2 for words that are wrong, with what was meant', async () => {
    expect(await cli(['thing', 'craete', 'x'], as('operator'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean: thing create') as unknown,
    });
    expect(await cli(['thing', 'create'], as('operator'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('name is missing') as unknown,
    });
    expect(await cli(['thing', 'create', 'a', '--levle', '3'], as('operator'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('--level') as unknown,
    });
    expect(await cli(['thing', 'create', 'Not A Name'], as('operator'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('must be a name') as unknown,
    });
    expect((await cli(['thing', 'create', 'a', '--level', 'high'], as('operator'))).code).toBe(2);
    expect((await cli(['audti', 'verify'], as('operator'))).err).toContain('audit verify');
  });

  it('6 when there is no such thing, 1 when a job fails', async () => {
    expect((await cli(['thing', 'get', 'nobody'], as('operator'))).code).toBe(6);
    thing('taken');
    expect(await cli(['thing', 'create', 'taken'], as('operator'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('thing_name_taken') as unknown,
    });
  });
});

describe('a read', () => {
  it('prints its view, or its output as JSON', async () => {
    thing('seen', 7);
    expect(await cli(['thing', 'get', 'seen'], as('operator'))).toEqual({ code: 0, out: 'seen stands at 7.\n', err: '' });
    expect(JSON.parse((await cli(['thing', 'get', 'seen', '--json'], as('operator'))).out)).toEqual({ name: 'seen', level: 7 });
    expect((await cli(['thing', 'list'], as('operator'))).out).toBe('1 row\nName  Level\nseen      7\n');
  });

  it('says errors as JSON on standard error with --json', async () => {
    const { err, out } = await cli(['thing', 'get', 'nobody', '--json'], as('operator'));
    expect(out).toBe('');
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'thing_unknown' } });
  });

  it('is refreshed with --watch until it is interrupted', async () => {
    thing('seen');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2600);
    const { code, out } = await cli(['thing', 'list', '--watch', '--json'], { ...as('operator'), signal: stop.signal });
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toEqual(['[{"name":"seen","level":1}]', '[{"name":"seen","level":1}]']);
  });
});

describe('a job', () => {
  it('is waited for, and shown as it went with --watch', async () => {
    expect(await cli(['thing', 'create', 'first', '--level', '3'], as('operator'))).toMatchObject({
      code: 0,
      out: expect.stringContaining('first') as unknown,
    });
    const { code, err } = await cli(['thing', 'create', 'second', '--pause', '500ms', '--watch'], as('operator'));
    expect(code).toBe(0);
    expect(err).toMatch(/Create a thing: running/u);
    const seen = JSON.parse((await cli(['thing', 'create', 'third', '--json'], as('operator'))).out) as Job;
    expect(seen).toMatchObject({ via: 'cli', state: { is: 'succeeded', output: { name: 'third', level: 1 } } });
  });

  it('is left alone with --no-wait', async () => {
    const { code, out } = await cli(['thing', 'create', 'later', '--no-wait'], as('operator'));
    expect(code).toBe(0);
    const id = /Job (\S+) was accepted/u.exec(out)?.[1] ?? '';
    expect((await hub.jobs.wait(id, AbortSignal.timeout(10_000))).state.is).toBe('succeeded');
  });

  it('goes on when Ctrl-C stops the watching, and the person is told so', async () => {
    const stop = new AbortController();
    const { code, err } = await cli(['thing', 'create', 'slow', '--pause', '2s', '--watch'], {
      ...as('operator'),
      signal: stop.signal,
      onNote: (text) => text.includes('running') && stop.abort(),
    });
    expect(code).toBe(130);
    const id = /The job goes on: novacron job get (\S+)/u.exec(err)?.[1] ?? '';
    expect((await hub.jobs.wait(id, AbortSignal.timeout(10_000))).state.is).toBe('succeeded');
    expect(things.world.has('default/slow')).toBe(true);
  });
});

describe('a plan', () => {
  const drop = ['thing', 'drop', 'default/old'];

  it('is refused without a terminal, with exit code 4, and nothing is done', async () => {
    thing('old');
    const { code, err } = await cli(drop, as('admin'));
    expect(code).toBe(4);
    expect(err).toContain("'old' is lost.");
    expect(things.world.size).toBe(1);
  });

  it('is asked about on a terminal: only yes goes on', async () => {
    thing('old');
    expect(await cli(drop, { ...as('admin'), typed: 'n' })).toMatchObject({
      code: 4,
      err: expect.stringContaining('Nothing was done') as unknown,
    });
    expect(things.world.size).toBe(1);
    expect((await cli(drop, { ...as('admin'), typed: 'yes' })).code).toBe(0);
    expect(things.world.size).toBe(0);
  });

  it('is confirmed with --yes', async () => {
    thing('old');
    expect((await cli([...drop, '--yes'], as('admin'))).code).toBe(0);
    expect(things.world.size).toBe(0);
  });
});

describe('help', () => {
  it('lists what this person may do, and exit codes', async () => {
    const { code, out } = await cli([], as('viewer'));
    expect(code).toBe(0);
    expect(out).toContain('thing list');
    expect(out).not.toContain('thing create');
    expect(out).toContain('130');
  });

  it('explains one command with its words, defaults and what it risks', async () => {
    const { out } = await cli(['thing', 'create', '--help'], as('operator'));
    expect(out).toContain('Usage: novacron thing create <name>');
    expect(out).toMatch(/--level\s+default 1/u);
    expect((await cli(['help', 'thing', 'drop'], as('admin'))).out).toContain('Data is lost');
    expect((await cli(['thing'], as('admin'))).out).toContain('thing drop');
  });

  it('works without a hub', async () => {
    expect(await cli(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('plugin create NAME') as unknown });
    expect(await cli(['--version'])).toMatchObject({ code: 0 });
  });
});

describe('the audit', () => {
  it('is verified at the hub, exported, and verified again from the file alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'novacron-audit-'));
    try {
      expect(await cli(['audit', 'verify'], as('admin'))).toMatchObject({
        code: 0,
        out: expect.stringMatching(/whole: \d+ entries/u) as unknown,
      });
      const file = join(folder, 'audit.ndjson');
      expect((await cli(['audit', 'export', file], as('admin'))).code).toBe(0);
      const key = join(folder, 'key.pem');
      await writeFile(key, hub.audit.publicKey);
      expect(await cli(['audit', 'verify', file, '--public-key', key, '--no-anchor'])).toMatchObject({ code: 0 });
      expect((await cli(['audit', 'verify', file, '--json'], { dataDir: hub.dataDir })).code).toBe(0);
      const { out } = await cli(['audit', 'export'], as('admin'));
      const lines = out.trim().split('\n');
      const at = lines.findIndex((line) => line.includes('thing.create'));
      await writeFile(file, lines.with(at, (lines[at] ?? '').replace('thing.create', 'thing.remove')).join('\n'));
      expect(await cli(['audit', 'verify', file, '--public-key', key, '--no-anchor'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('broken') as unknown,
      });
      expect((await cli(['audit', 'verify', join(folder, 'none'), '--public-key', key, '--no-anchor'])).code).toBe(2);
      expect((await cli(['audit', 'verify', file, '--public-key', file])).code).toBe(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
