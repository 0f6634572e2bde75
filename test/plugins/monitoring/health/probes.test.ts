import { createServer, type Server } from 'node:http';
import { createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { healthConfig, type ServiceCheck } from '../../../../plugins/monitoring/health/config.ts';
import { probe } from '../../../../plugins/monitoring/health/probes.ts';
import { createAuthority } from '../../hypervisor/node-libvirt/kit/certificates.ts';

const DAY_MS = 86_400_000;
const open: (Server | TcpServer)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function listen(server: Server | TcpServer): Promise<string> {
  open.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const checkOf = (given: object): ServiceCheck => healthConfig.parse({ services: [{ name: 'one', ...given }] }).services[0] as ServiceCheck;
const ask = (given: object, timeoutMs = 2000, now = Date.now()) =>
  probe(checkOf(given), { timeoutMs, now, signal: new AbortController().signal });

describe('a service check', () => {
  test('by TCP says whether somebody listens', async () => {
    const address = await listen(createTcp((socket) => socket.resume().end()));
    expect(await ask({ is: 'tcp', address })).toMatchObject({ ok: true });
    const server = open.splice(0)[0];
    await new Promise((done) => server?.close(done));
    expect(await ask({ is: 'tcp', address })).toMatchObject({ ok: false, text: expect.stringContaining('ECONNREFUSED') });
  });

  test('by HTTP says status and content, and gives up in time', async () => {
    const address = await listen(
      createServer((request, response) => {
        if (request.url === '/slow') return;
        response.writeHead(request.url === '/down' ? 503 : 200).end('all is well');
      }),
    );
    const url = `http://${address}`;
    expect(await ask({ is: 'http', url })).toMatchObject({ ok: true, text: 'it answered 200', values: { status: 200 } });
    expect(await ask({ is: 'http', url: `${url}/down` })).toMatchObject({ ok: false, text: 'it answered 503, not below 400' });
    expect(await ask({ is: 'http', url: `${url}/down`, status: 503 })).toMatchObject({ ok: true });
    expect(await ask({ is: 'http', url, contains: 'well' })).toMatchObject({ ok: true });
    expect(await ask({ is: 'http', url, contains: 'ill' })).toMatchObject({ ok: false, text: 'its answer does not have "ill"' });
    expect(await ask({ is: 'http', url: `${url}/slow` }, 200)).toMatchObject({ ok: false, text: 'no answer within 0.2 s' });
    (open[0] as Server).closeAllConnections();
  });

  test('of a certificate says how long it is good', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'novacron-health-'));
    const { certPath, keyPath } = await (await createAuthority(folder)).issue('shop', { days: 30 });
    const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
    await rm(folder, { recursive: true });
    const address = await listen(createTls({ key, cert }, (socket) => socket.resume().end()));
    expect(await ask({ is: 'certificate', address })).toMatchObject({ ok: true, values: { daysLeft: 29 } });
    expect(await ask({ is: 'certificate', address, daysMin: 60 })).toMatchObject({ ok: false, text: 'its certificate expires in 29 days' });
    expect(await ask({ is: 'certificate', address }, 2000, Date.now() + 40 * DAY_MS)).toMatchObject({
      ok: false,
      text: expect.stringMatching(/expired 1\d days ago/),
    });
    const plain = await listen(createTcp((socket) => socket.resume().end('hello')));
    expect(await ask({ is: 'certificate', address: plain })).toMatchObject({ ok: false });
  });

  test.each([
    [{ services: [{ name: 'a', is: 'tcp', address: 'nowhere' }] }, /host:port/],
    [{ services: [{ name: 'a', is: 'http', url: 'ftp://x/' }] }, /./],
    [{ services: [{ name: 'A b', is: 'tcp', address: 'x:1' }] }, /lower-case/],
    [{ services: ['a', 'a'].map((name) => ({ name, is: 'tcp', address: 'x:1' })) }, /same name/],
  ])('that is not right is refused: %j', (config, message) => {
    expect(() => healthConfig.parse(config)).toThrow(message);
  });
});
