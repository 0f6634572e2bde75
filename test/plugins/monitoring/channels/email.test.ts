import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from 'novacron/plugin';
import { createEmail } from '../../../../plugins/monitoring/channels/email.ts';
import type { EmailConfig } from '../../../../plugins/monitoring/channels/config.ts';
import { incidentOf, notificationOf } from './notifications.ts';

const signal = AbortSignal.timeout(60_000);
let folder: string;
let caFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-mail-'));
  caFile = join(folder, 'cert.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', caFile];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...files,
    ...subject,
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A real mail server on loopback; answers what it took. */
async function serve(options: SMTPServerOptions = {}) {
  const mails: string[] = [];
  const server = new SMTPServer({
    key: await readFile(join(folder, 'key.pem')),
    cert: await readFile(caFile),
    authOptional: true,
    logger: false,
    onData(stream, _session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        mails.push(Buffer.concat(parts).toString());
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    mails,
    port: (listener.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const configOf = (port: number, more: Partial<EmailConfig> = {}): EmailConfig => ({
  host: 'localhost',
  port,
  tls: 'starttls',
  caFile,
  from: 'NovaCron <nova@example.org>',
  ...more,
});
const mail = (more: Parameters<typeof notificationOf>[0] = {}) => notificationOf({ to: 'admin@example.org', ...more });

describe('a mail', () => {
  it('goes out over TLS with a name and password, once as text and once as HTML, in one thread with the others of its incident', async () => {
    let said = '';
    await using server = await serve({
      onAuth(auth, _session, done) {
        said = `${auth.username}:${auth.password}`;
        done(null, { user: auth.username });
      },
    });
    const channel = createEmail(configOf(server.port, { user: 'nova', password: new Secret('geheim') }));
    const png = { title: 'web-1', alt: 'Rising to 91 %.', mediaType: 'image/png', base64: Buffer.from('png').toString('base64') } as const;
    const { receipt } = await channel.deliver(mail({ picture: png }), signal);
    await channel.deliver(mail({ id: 'INC-7/1/resolved', why: 'resolved', incident: incidentOf({ state: 'resolved' }) }), signal);
    expect(said).toBe('nova:geheim');
    expect(receipt).toMatch(/^250 .*<[0-9a-f]{32}@novacron>$/);
    const [first = '', second = ''] = server.mails;
    expect(first).toContain('Subject: [critical] INC-7: Disk vda of <web-1> is full in 5 h.');
    expect(first).toContain('&lt;web-1&gt;');
    expect(first).toContain('What may help: Grow the disk.');
    expect(first).toContain('Content-ID: <picture>');
    expect(second).toContain('Subject: [resolved] INC-7');
    const thread = (text: string) => /References: (<\S+>)/.exec(text)?.[1];
    expect(thread(first)).toBe(thread(second));
    expect(thread(first)).toBeDefined();
  });

  it('has the same id when it is told again, since the answer may have been lost, and another for another telling', async () => {
    await using server = await serve();
    const channel = createEmail(configOf(server.port));
    for (const id of ['a', 'a', 'b']) await channel.deliver(mail({ id }), signal);
    const ids = server.mails.map((text) => /Message-ID: (<\S+>)/i.exec(text)?.[1]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('with a line break in its title begins no other header', async () => {
    await using server = await serve();
    const channel = createEmail(configOf(server.port));
    await channel.deliver(mail({ incident: incidentOf({ title: 'x\r\nBcc: everybody@example.org' }) }), signal);
    expect(server.mails[0]?.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/im);
  });
});

describe('a mail that is not taken', () => {
  const refusing = (responseCode: number): SMTPServerOptions => ({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('No.'), { responseCode })),
  });

  it.each([
    [550, false],
    [452, true],
  ])('with %i for its receiver may be tried again: %s', async (code, retryable) => {
    await using server = await serve(refusing(code));
    await expect(createEmail(configOf(server.port)).deliver(mail(), signal)).rejects.toMatchObject({ code: 'email_untold', retryable });
    expect(server.mails).toEqual([]);
  });

  it('may be tried again when the server is away, or does not know the password, which somebody may mend', async () => {
    const { port } = await (async () => {
      await using server = await serve();
      return server;
    })();
    await expect(createEmail(configOf(port)).deliver(mail(), signal)).rejects.toMatchObject({ code: 'email_untold', retryable: true });
    await using server = await serve({ onAuth: (_auth, _session, done) => done(new Error('wrong')) });
    const config = configOf(server.port, { user: 'nova', password: new Secret('wrong') });
    await expect(createEmail(config).deliver(mail(), signal)).rejects.toMatchObject({ retryable: true });
  });

  it('is not sent to a server that cannot encrypt or that nobody vouches for', async () => {
    await using plain = await serve({ disabledCommands: ['STARTTLS'] });
    await expect(createEmail(configOf(plain.port)).deliver(mail(), signal)).rejects.toMatchObject({ code: 'email_untold' });
    await using unknown = await serve();
    const { caFile: _, ...config } = configOf(unknown.port);
    await expect(createEmail(config).deliver(mail(), signal)).rejects.toThrow(/self-signed/);
    expect([...plain.mails, ...unknown.mails]).toEqual([]);
  });
});
