import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Connection, LibvirtError } from 'node-libvirt';
import { connect, ErrorCode, lxcProcedures, qemuProcedures, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';
import { valueOf } from './kit/arbitrary.ts';

const opening: readonly string[] = ['authList', 'connectOpen', 'connectClose', 'connectSupportsFeature'];
const procedures = Object.entries({ ...lxcProcedures, ...qemuProcedures, ...remote }).filter(([name]) => !opening.includes(name));

/** A libvirt from before everything but the opening: it answers as libvirtd does when it has no such procedure. */
async function start() {
  const fake = await FakeLibvirt.start();
  for (const [, procedure] of procedures)
    fake.intercept(procedure, (call) => call.fail(ErrorCode.RPC, `unknown procedure: ${call.header.procedure}`));
  const conn = await connect(fake.uri, { keepaliveIntervalMs: 0, timeoutMs: 5000 });
  return {
    conn,
    async [Symbol.asyncDispose]() {
      await conn.close();
      await fake[Symbol.asyncDispose]();
    },
  };
}

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'fulfilled',
    (error: unknown) => ({ code: (error as LibvirtError).code, unsupported: (error as LibvirtError).unsupported }),
  );
const unknown = { code: ErrorCode.RPC, unsupported: true };

test('every procedure the other side does not have is a typed error', async () => {
  await using it = await start();
  const answers = await Promise.all(
    procedures.map(async ([name, procedure]) => {
      const [args] = fc.sample(valueOf(procedure.args), { numRuns: 1, seed: 1 });
      return [name, await refusal(it.conn.call<unknown, unknown>(procedure, args))];
    }),
  );
  expect(answers).toEqual(procedures.map(([name]) => [name, unknown]));
});

test.each<[string, (conn: Connection) => Promise<unknown>]>([
  ['a call that asks twice', (conn) => conn.nodeGetMemoryParameters()],
  ['a call that asks the host something first', (conn) => guest(conn).getVcpuPinInfo()],
  ['a stream', (conn) => guest(conn).openConsole()],
  ['a stream with an answer', (conn) => guest(conn).screenshot()],
  ['a list', (conn) => conn.listAllNWFilterBindings()],
  ['a move', (conn) => guest(conn).migrateToURI3('qemu://elsewhere/system', { flags: 2 })],
  ['an event', (conn) => conn.networkEvents('lifecycle').ready],
])('%s that the other side does not have is the same error', async (...[, call]) => {
  await using it = await start();
  expect(await refusal(call(it.conn))).toEqual(unknown);
  expect(it.conn.state).toBe('connected');
});

const guest = (conn: Connection) => conn.domain({ uuid: '00000000-0000-4000-8000-000000000001' });
