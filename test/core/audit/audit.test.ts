import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAnchor } from '../../../core/audit/anchor.ts';
import { type Audit, type AuditEntry, createAudit } from '../../../core/audit/audit.ts';
import { verifyAuditFile } from '../../../core/audit/verify-file.ts';
import { verifyAudit } from '../../../core/audit/verify.ts';
import { type Json, Secret } from '../../../core/contract.ts';
import { createTestClock } from '../../kit/clock.ts';
import { codeOf, until } from '../../kit/collect.ts';
import { quietLog } from '../../kit/postgres.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

const entry = (name: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  event: 'started',
  actor: { id: 'u1', name: 'ann', tenant: 'a' },
  via: 'cli',
  action: 'vm.create',
  target: { kind: 'vm', id: name, name, tenant: 'a' },
  jobId: null,
  input: { name },
  code: null,
  message: null,
  ...more,
});

const open = (test: Pick<TestState, 'state' | 'dataDir'>, clock = createTestClock()): Promise<Audit> =>
  createAudit({ state: test.state, dataDir: test.dataDir, clock, log: quietLog });

async function linesOf(audit: Audit): Promise<string[]> {
  const lines: string[] = [];
  await audit.exportTo(async (line) => void lines.push(line));
  return lines;
}

async function* stream(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** As one who has the database: past the triggers that keep honest people from it. */
const tamper = (test: TestState, sql: string) =>
  test.database.query(`alter table core.audit disable trigger user; alter table core."auditCheckpoint" disable trigger user; ${sql}`);

describe('the audit', () => {
  it('cannot be changed, emptied or shortened by a statement', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    await audit.append(entry('a'));
    for (const sql of [
      'update core.audit set body = body',
      'delete from core.audit',
      'truncate core.audit',
      'delete from core."auditCheckpoint"',
    ]) {
      expect(await codeOf(test.database.query(sql))).toBe('42501');
    }
    await audit.close();
  });

  it('finds every change of every column of a row, a removal, a swap and a cut, in the database itself', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    for (let n = 1; n <= 6; n += 1) await audit.append(entry(`vm-${n}`, { jobId: `j${n}` }));
    await audit.checkpoint();
    expect(await audit.verify()).toEqual({ ok: true, entries: 6 });
    const attacks = [
      ...['at', 'event', 'action', '"actorId"', 'tenant', '"targetKind"', '"targetId"', '"jobId"'].map(
        (column) => `update core.audit set ${column} = ${column === 'at' ? '1' : `'x'`} where seq = 3`,
      ),
      `update core.audit set tenant = null where seq = 6`,
      `update core.audit set body = replace(body, 'vm-3', 'vm-4') where seq = 3`,
      `update core.audit set body = 'x' where seq = 3`,
      `update core.audit set hash = repeat('0', 64) where seq = 6`,
      `update core.audit set seq = 7 where seq = 6`,
      `delete from core.audit where seq = 1`,
      `delete from core.audit where seq = 3`,
      `delete from core.audit where seq = 6`,
      `delete from core.audit where seq > 2; delete from core."auditCheckpoint"`,
      `delete from core.audit; delete from core."auditCheckpoint"`,
      `insert into core.audit select 7, at, event, action, "actorId", tenant, "targetKind", "targetId", "jobId", body, hash from core.audit where seq = 6`,
      `update core."auditCheckpoint" set hash = repeat('0', 64)`,
      `update core."auditCheckpoint" set at = at + 1`,
    ];
    await test.database.query(
      'create schema kept; create table kept.audit as table core.audit; create table kept.checkpoint as table core."auditCheckpoint"',
    );
    const restore =
      'delete from core.audit; delete from core."auditCheckpoint"; insert into core.audit table kept.audit; insert into core."auditCheckpoint" table kept.checkpoint';
    for (const attack of attacks) {
      await tamper(test, attack);
      expect([attack, await audit.verify()]).toMatchObject([attack, { ok: false, reason: expect.stringMatching(/\.$/) as string }]);
      await tamper(test, restore);
      expect(await audit.verify()).toEqual({ ok: true, entries: 6 });
    }
    await audit.close();
  });

  it('notices a tail that was cut while no hub ran, and never forgets it', async () => {
    await using test = await openTestState();
    const first = await open(test);
    for (const name of ['a', 'b', 'c']) await first.append(entry(name));
    await first.close();
    await tamper(test, 'delete from core.audit where seq = 3; delete from core."auditCheckpoint"');
    const second = await open(test);
    await second.append(entry('instead of c'));
    expect(await second.verify()).toMatchObject({ ok: false, at: 3 });
    await second.close();
    const third = await open(test);
    await third.append(entry('d'));
    expect(await third.verify()).toMatchObject({ ok: false, at: 3 });
    await third.close();
  });

  it('writes an export of a broken chain without signing its end', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    for (const name of ['a', 'b', 'c']) await audit.append(entry(name));
    await tamper(test, `update core.audit set body = replace(body, '"b"', '"x"') where seq = 2`);
    const lines = await linesOf(audit);
    expect(lines.filter((line) => line.startsWith('{"entry"'))).toHaveLength(3);
    expect(await verifyAudit(stream(lines), { publicKey: audit.publicKey })).toMatchObject({ ok: false, at: 2 });
    await audit.close();
  });

  it('refuses to start with a key or an anchor that is damaged', async () => {
    await using test = await openTestState();
    await writeFile(join(test.dataDir, 'audit-key.pem'), 'no key');
    expect(await codeOf(open(test))).toBe('state_key_broken');
    const other = await test.another();
    await writeFile(join(other.dataDir, 'audit-anchor.json'), '{');
    expect(await codeOf(open(other))).toBe('audit_anchor_broken');
  });

  it('tells the caller when an entry could not be written, and loses none that it confirmed', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    const results = Promise.allSettled(Array.from({ length: 200 }, (_, n) => audit.append(entry(`vm-${n}`))));
    await test.database.dropConnections();
    const confirmed = (await results).flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    await until('it writes again', () =>
      audit.append(entry('after')).then(
        () => true,
        () => false,
      ),
    );
    const verified = await audit.verify();
    expect(verified.ok).toBe(true);
    const kept = await test.database.query<{ seq: string }>('select seq from core.audit');
    expect(confirmed.filter((seq) => !kept.some((row) => Number(row.seq) === seq))).toEqual([]);
    await audit.close();
  });

  it('is one chain when two hubs write it at once, and each verifies it', async () => {
    await using test = await openTestState();
    const other = await test.another();
    const [one, two] = [await open(test), await open(other)];
    const many = (audit: Audit, label: string) => Promise.all(Array.from({ length: 150 }, (_, n) => audit.append(entry(`${label}-${n}`))));
    const seqs = (await Promise.all([many(one, 'one'), many(two, 'two')])).flat();
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
    await Promise.all([one.checkpoint(), two.checkpoint()]);
    expect(await one.verify()).toEqual({ ok: true, entries: 300 });
    expect(await two.verify()).toEqual({ ok: true, entries: 300 });
    await Promise.all([one.close(), two.close()]);
  });

  it('is verified offline from its export, the public key and the anchor', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    for (const name of ['a', 'b\0\uD800', 'ä\u2028"'])
      await audit.append(entry(name, { target: { kind: 'vm', id: name, name, tenant: null } }));
    const lines = await linesOf(audit);
    await audit.close();
    const file = join(test.dataDir, 'export.jsonl');
    const files = {
      file,
      publicKeyFiles: [join(test.dataDir, 'audit-public-key.pem')],
      anchorFile: join(test.dataDir, 'audit-anchor.json'),
    };
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    expect(await verifyAuditFile(files)).toEqual({ ok: true, entries: 3 });
    await writeFile(file, `${lines[0]}\n`);
    expect(await verifyAuditFile(files)).toMatchObject({ ok: false, at: 2 });
    expect(await codeOf(verifyAuditFile({ ...files, file: '/nonexistent' }))).toBe('audit_file_unreadable');
    expect(await codeOf(verifyAuditFile({ ...files, publicKeyFiles: [file] }))).toBe('audit_file_unreadable');
    expect(await codeOf(verifyAuditFile({ ...files, anchorFile: file }))).toBe('audit_anchor_broken');
    const { last } = await readAnchor(test.dataDir);
    expect(last?.seq).toBe(3);
    expect(await verifyAudit(stream(lines), { publicKey: audit.publicKey, anchor: last ?? [] })).toEqual({ ok: true, entries: 3 });
    expect(await verifyAudit(stream(lines.slice(0, -1)), { publicKey: audit.publicKey })).toMatchObject({ ok: false });
  });

  it('goes on after a restart with the same key, and signs what it wrote', async () => {
    await using test = await openTestState();
    const first = await open(test);
    await first.append(entry('a'));
    await first.close();
    const second = await open(test);
    expect(second.publicKey).toBe(first.publicKey);
    expect(await second.append(entry('b'))).toBe(2);
    await second.close();
    const signed = await test.database.query<{ seq: string }>('select seq from core."auditCheckpoint" order by seq');
    expect(signed.map(({ seq }) => Number(seq))).toEqual([1, 2]);
  });

  it('signs after so many entries without being asked', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    await Promise.all(Array.from({ length: 250 }, (_, n) => audit.append(entry(`vm-${n}`))));
    const signed = () => test.database.query('select seq from core."auditCheckpoint"');
    await until('a checkpoint is there', async () => (await signed()).length > 0);
    expect((await signed()).length).toBeLessThanOrEqual(3);
    await audit.close();
  });

  it('writes no secret down', async () => {
    await using test = await openTestState();
    const audit = await open(test);
    const input = { name: 'web-1', rootPassword: 'hunter2-hunter2', key: new Secret('s3cret-s3cret') as unknown as Json };
    await audit.append(entry('a', { input }));
    await audit.close();
    const everything = JSON.stringify([
      await test.database.query('select * from core.audit'),
      await readFile(join(test.dataDir, 'audit-anchor.json'), 'utf8'),
    ]);
    expect(everything).not.toMatch(/hunter2|s3cret/);
    expect(everything).toContain('web-1');
  });

  it('is listed newest first, by what people ask for, page by page', async () => {
    await using test = await openTestState();
    const clock = createTestClock();
    const audit = await open(test, clock);
    const startAt = clock.now();
    const plain = [
      entry('a'),
      entry('b', { action: 'vm.delete', event: 'denied' }),
      entry('c', { actor: { id: 'u2', name: 'bob', tenant: 'b' }, target: null, action: 'host.list', jobId: 'j' }),
      entry('d', { actor: null, target: null, action: 'vm_create' }),
    ];
    for (const one of plain) {
      await audit.append(one);
      clock.advance(1_000);
    }
    const seqs = async (filter: Parameters<Audit['list']>[0]) => (await audit.list(filter)).map(({ seq }) => seq);
    expect(await seqs({})).toEqual([4, 3, 2, 1]);
    expect(await seqs({ action: 'vm.*' })).toEqual([2, 1]);
    expect(await seqs({ action: 'vm.delete' })).toEqual([2]);
    expect(await seqs({ event: 'denied' })).toEqual([2]);
    expect(await seqs({ actorId: 'u2' })).toEqual([3]);
    expect(await seqs({ target: { kind: 'vm', id: 'a' } })).toEqual([1]);
    expect(await seqs({ tenant: 'b' })).toEqual([3]);
    expect(await seqs({ jobId: 'j' })).toEqual([3]);
    expect(await seqs({ from: startAt + 1_000, to: startAt + 3_000 })).toEqual([3, 2]);
    expect(await seqs({ rowsMax: 1, before: 3 })).toEqual([2]);
    expect((await audit.list({ rowsMax: 1, before: 3 }))[0]).toMatchObject({ ...plain[1], at: startAt + 1_000 });
    await audit.close();
  });
});
