import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkConfig, checkDatabase, checkHub } from '../../../core/setup/hub-checks.ts';
import { checkDisk, checkLibvirt, checkMemory, checkNode } from '../../../core/setup/machine-checks.ts';

let dir: string;
let servers: Server[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nova-doctor-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.close();
  await rm(dir, { recursive: true });
});

/** A server that does with each connection what it is told. */
async function listen(
  where: { path: string } | { port: number; host: string },
  answer: (data: Buffer) => Buffer | undefined,
): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const reply = answer(data);
      if (reply) socket.write(reply);
    });
    server.once('close', () => socket.destroy());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(where, resolve));
  return server;
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

describe('the machine', () => {
  test('a Node that is too old is bad, and it is said how to get another', () => {
    expect(checkNode('20.20.2')).toMatchObject({ is: 'bad', todo: expect.stringContaining('npm run up') });
    expect(checkNode('24.11.0').is).toBe('bad');
    expect(['24.12.0', '26.0.0'].map((version) => checkNode(version).is)).toEqual(['ok', 'ok']);
  });

  test('without libvirt it says how to start it', async () => {
    expect(await checkLibvirt([join(dir, 'no-sock')])).toMatchObject({ is: 'bad', why: expect.stringContaining('does not run') });
  });

  test('a libvirt socket that nobody listens at is bad', async () => {
    await writeFile(join(dir, 'sock'), '');
    expect(await checkLibvirt([join(dir, 'sock')])).toMatchObject({ is: 'bad', why: expect.stringContaining('nobody listens') });
  });

  test('a libvirt that is silent is told from one that is away', { timeout: 20_000 }, async () => {
    await listen({ path: join(dir, 'sock') }, () => undefined);
    expect(await checkLibvirt([join(dir, 'sock')])).toMatchObject({ is: 'bad', why: expect.stringContaining('does not answer') });
  });

  test('a libvirt that answers is found behind a socket that is stale', async () => {
    await writeFile(join(dir, 'stale'), '');
    await listen({ path: join(dir, 'sock') }, () => Buffer.alloc(28));
    expect((await checkLibvirt([join(dir, 'stale'), join(dir, 'sock')])).is).toBe('ok');
  });

  test('disk and memory are said in figures', async () => {
    expect((await checkDisk(join(dir, 'data'))).why).toMatch(/\d GiB free/);
    expect((await checkMemory()).why).toMatch(/\d GiB available/);
  });
});

describe('plugins.json', () => {
  const check = async (text: string) => {
    await writeFile(join(dir, 'plugins.json'), text);
    return checkConfig(join(dir, 'plugins.json'));
  };

  test('that is absent, broken or wrong is named with what is wrong', async () => {
    expect((await checkConfig(join(dir, 'nowhere.json'))).findings).toMatchObject([{ is: 'bad' }]);
    expect((await check('{ "hub": ')).findings).toMatchObject([{ is: 'bad', why: expect.stringContaining('not JSON') }]);
    expect((await check('{ "hub": { "port": "x" } }')).findings).toMatchObject([{ is: 'bad', why: expect.stringContaining('hub.port') }]);
  });

  test('a plugin that cannot be loaded is bad by name, the rest is looked at', async () => {
    const { findings, hub } = await check('{ "plugins": { "gone": { "from": "./gone" } } }');
    expect(findings).toMatchObject([{ is: 'ok' }, { is: 'bad', what: 'Plugin gone', todo: expect.stringContaining('"enabled": false') }]);
    expect(hub?.port).toBe(7780);
  });
});

describe('the database', () => {
  test('a folder that holds something else is bad', async () => {
    await mkdir(join(dir, 'postgres'));
    expect(checkDatabase(dir, undefined).is).toBe('ok');
    await writeFile(join(dir, 'postgres/notes.txt'), 'mine');
    expect(checkDatabase(dir, undefined)).toMatchObject({ is: 'bad', why: expect.stringContaining('no database') });
    await writeFile(join(dir, 'postgres/PG_VERSION'), '18');
    expect(checkDatabase(dir, undefined).is).toBe('ok');
    expect(checkDatabase(dir, 'postgresql://db.example/novacron').is).toBe('ok');
  });
});

describe('the hub', () => {
  const hubOn = (port: number, answer: () => Promise<Response>) =>
    checkHub({ dataDir: dir, host: '127.0.0.1', port, fetch: () => answer() });
  const refused = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));

  test('that does not run, with its port free, is only a hint', async () => {
    const server = await listen({ port: 0, host: '127.0.0.1' }, () => undefined);
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await hubOn(port, refused)).toMatchObject([{ is: 'warn', todo: 'npm run up' }, { is: 'ok' }]);
  });

  test('whose port somebody else has is bad', async () => {
    const server = await listen({ port: 0, host: '127.0.0.1' }, () => undefined);
    expect(await hubOn(portOf(server), refused)).toMatchObject([{ is: 'warn' }, { is: 'bad', why: expect.stringContaining('EADDRINUSE') }]);
  });

  test('that left its address and is gone counts as not running; one that answers is asked whether it is ready', async () => {
    await writeFile(join(dir, 'cli.json'), '{"url":"http://127.0.0.1:1"}');
    expect((await hubOn(0, refused))[0]).toMatchObject({ is: 'warn' });
    expect(await hubOn(0, () => Promise.resolve(new Response('', { status: 503 })))).toMatchObject([
      { is: 'bad', why: expect.stringContaining('503') },
    ]);
    expect(await hubOn(0, () => Promise.resolve(new Response('ok')))).toMatchObject([{ is: 'ok' }]);
  });
});
