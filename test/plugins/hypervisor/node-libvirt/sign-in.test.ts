import { describe, expect, test } from 'vitest';
import { ErrorCode, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt, libvirtError } from 'node-libvirt/testing';
import { scramSha256 } from '../../../../plugins/hypervisor/node-libvirt/src/auth/scram.ts';
import { hostname, refusal } from './kit/refusal.ts';

const credentials = { username: 'user', password: 'pencil' };
const toChars = (text: string) => [...new Int8Array(Buffer.from(text))];
const toText = (chars: number[]) => Buffer.from(chars.map((char) => char & 0xff)).toString();

/** A daemon that offers these mechanisms and says this, one after the other; the first words of the client are kept. */
async function daemon(mechlist: string, says: { data: string; complete?: boolean }[], transport: 'unix' | 'tcp' = 'unix') {
  const fake = await FakeLibvirt.start({ transport });
  const heard: string[] = [];
  const next = ({ data }: { data: number[] }) => {
    heard.push(toText(data));
    const one = says.shift();
    if (!one) throw libvirtError(ErrorCode.AUTH_FAILED, 'authentication failed');
    const text = one.data.replace('NONCE', /r=([^,]+)/.exec(heard[0]!)?.[1] ?? '');
    return { complete: one.complete ? 1 : 0, nil: 0, data: toChars(text) };
  };
  fake.answer(remote.authList, () => ({ types: [1] }));
  fake.answer(remote.authSaslInit, () => ({ mechlist }));
  fake.answer(remote.authSaslStart, next);
  fake.answer(remote.authSaslStep, next);
  fake.answer(remote.connectGetHostname, () => ({ hostname: 'in' }));
  return Object.assign(fake, { heard });
}

describe('SCRAM-SHA-256', () => {
  test('it says what RFC 7677 says, and believes the right server', async () => {
    const scram = scramSha256(credentials, 'rOprNGfwEbeRWgbNEkqO');
    expect(scram.first.toString()).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const proof = await scram.respond(Buffer.from(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`));
    expect(proof?.toString()).toBe(`c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
    expect(scram.finished()).toBe(false);
    expect(await scram.respond(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toBeNull();
    expect(scram.finished()).toBe(true);
  });

  const first = 'r=NONCEserver,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
  test.each([
    ['does not know the password', [{ data: first }, { data: `v=${Buffer.alloc(32).toString('base64')}`, complete: true }], 'untrusted'],
    ['lets everybody in', [{ data: '', complete: true }], 'protocol_error'],
    ['lets us in without its proof', [{ data: first }, { data: 'x=', complete: true }], 'untrusted'],
    ['says why not', [{ data: first }, { data: 'e=invalid-proof', complete: true }], 'auth_failed'],
    ['takes up another conversation', [{ data: first.replace('NONCE', 'x') }], 'protocol_error'],
    ['sends back our own nonce', [{ data: first.replace('NONCEserver', 'NONCE') }], 'protocol_error'],
    ['hashes too little', [{ data: first.replace('4096', '1') }], 'protocol_error'],
    ['hashes for ever', [{ data: first.replace('4096', '4000000000') }], 'protocol_error'],
    ['wants an extension', [{ data: `m=x,${first}` }], 'protocol_error'],
  ])('a daemon that %s is not connected to', async (_, says, code) => {
    await using fake = await daemon('SCRAM-SHA-256', says);
    expect(await refusal(fake.uri, { credentials })).toMatchObject({ code, retryable: false });
  });
});

describe('PLAIN', () => {
  test('it is used where nobody can read it, and only when there is nothing better', async () => {
    await using fake = await daemon('GSSAPI PLAIN', [{ data: '', complete: true }]);
    expect(await hostname(fake.uri, { credentials })).toBe('in');
    expect(fake.heard).toEqual(['\0user\0pencil']);
    await using better = await daemon('PLAIN,SCRAM-SHA-256', []);
    await refusal(better.uri, { credentials });
    expect(better.heard[0]).toMatch(/^n,,n=user/);
  });

  test('it is never used by plain tcp', async () => {
    await using fake = await daemon('PLAIN', [{ data: '', complete: true }], 'tcp');
    const error = await refusal(fake.uri, { credentials });
    expect(error.code).toBe('auth_unsupported');
    expect(error.message).toContain('tls');
    expect(fake.heard).toEqual([]);
  });

  test('the URI may ask for it', async () => {
    await using fake = await daemon('PLAIN SCRAM-SHA-256', [{ data: '', complete: true }]);
    expect(await hostname(`${fake.uri}&auth=sasl.plain`, { credentials })).toBe('in');
    expect(await refusal(`${fake.uri}&auth=sasl.gssapi`, { credentials })).toMatchObject({ code: 'auth_unsupported' });
    expect(await refusal(`${fake.uri}&auth=polkit`, { credentials })).toMatchObject({ code: 'auth_unsupported' });
    expect(await refusal(`${fake.uri}&auth=magic`, { credentials })).toMatchObject({ code: 'bad_uri' });
  });
});

test('a password that cannot be had is an error of the one who gives it', async () => {
  await using fake = await daemon('PLAIN', []);
  const password = () => Promise.reject(new Error('the safe is locked'));
  await expect(refusal(fake.uri, { credentials: { username: 'user', password } })).rejects.toThrow('the safe is locked');
});

test('a refusal by polkit says what to do', async () => {
  await using fake = await FakeLibvirt.start();
  fake.answer(remote.authList, () => ({ types: [2] }));
  fake.answer(remote.authPolkit, () => {
    throw libvirtError(ErrorCode.AUTH_UNAVAILABLE, 'no agent is available to authenticate');
  });
  const error = await refusal(fake.uri);
  expect(error).toMatchObject({ code: 'auth_failed', cause: { code: ErrorCode.AUTH_UNAVAILABLE } });
  expect(error.message).toMatch(/no agent is available.*group "libvirt".*org\.libvirt\.unix\.manage/);
});

test('a way to sign in that does not exist is told by its number', async () => {
  await using fake = await FakeLibvirt.start();
  fake.answer(remote.authList, () => ({ types: [77] }));
  expect((await refusal(fake.uri)).message).toContain('77');
});

/** A daemon that refuses everything before the sign-in, which it takes by this way. */
async function guarded(transport: 'unix' | 'tcp', types: number[]) {
  const fake = await FakeLibvirt.start({ transport });
  let signedIn = false;
  const opened: boolean[] = [];
  fake.answer(remote.authList, () => ({ types }));
  fake.answer(remote.authPolkit, () => {
    signedIn = true;
    return { complete: 1 };
  });
  fake.answer(remote.connectOpen, () => {
    opened.push(signedIn);
    if (!signedIn && types[0] !== 0) throw libvirtError(ErrorCode.RPC, 'authentication required');
  });
  fake.answer(remote.connectGetHostname, () => ({ hostname: 'in' }));
  return Object.assign(fake, { opened });
}

describe('the driver is opened', () => {
  test('over a network without waiting for the way to sign in, and again where there was one', async () => {
    await using open = await guarded('tcp', [0]);
    expect(await hostname(open.uri)).toBe('in');
    expect(open.opened).toEqual([false]);
    await using closed = await guarded('tcp', [2]);
    expect(await hostname(closed.uri)).toBe('in');
    expect(closed.opened).toEqual([false, true]);
  });

  test('on this machine only after the sign-in', async () => {
    await using fake = await guarded('unix', [2]);
    expect(await hostname(fake.uri)).toBe('in');
    expect(fake.opened).toEqual([true]);
  });

  test("over a network with an error that is the driver's own", async () => {
    await using fake = await FakeLibvirt.start({ transport: 'tcp' });
    fake.answer(remote.connectOpen, () => {
      throw libvirtError(ErrorCode.NO_CONNECT, 'no such driver');
    });
    await expect(hostname(fake.uri)).rejects.toMatchObject({ code: ErrorCode.NO_CONNECT });
  });
});
