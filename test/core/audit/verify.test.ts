import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditEntry, bodyOf, FIRST_HASH, nextHash, signCheckpoint } from '../../../core/audit/record.ts';
import { checkpointLine, entryLine, verifyAudit } from '../../../core/audit/verify.ts';
import { keyIdOf } from '../../../core/state/signing-key.ts';

const { privateKey, publicKey: publicKeyObject } = generateKeyPairSync('ed25519');
const publicKey = publicKeyObject.export({ type: 'spki', format: 'pem' }).toString();
const keyId = keyIdOf(publicKeyObject);

const entryOf = (text: string, n: number): AuditEntry => ({
  event: n % 2 === 0 ? 'started' : 'succeeded',
  actor: { id: `u${n}`, name: text, tenant: 'a' },
  via: 'cli',
  action: 'vm.create',
  target: { kind: 'vm', id: `v${n}`, name: text, tenant: 'a' },
  jobId: null,
  input: { text, n },
  code: null,
  message: text,
});

const signAt = (seq: number, hash: string) => signCheckpoint({ seq, hash, at: seq * 10, keyId }, privateKey);

/** An export of the texts, with a checkpoint after every third entry and at the end. */
function exportOf(texts: readonly string[]) {
  const lines: string[] = [];
  let hash = FIRST_HASH;
  for (const [index, text] of texts.entries()) {
    const body = bodyOf(entryOf(text, index), 1_000 + index);
    hash = nextHash(hash, body);
    lines.push(entryLine(index + 1, body, hash));
    if ((index + 1) % 3 === 0) lines.push(checkpointLine(signAt(index + 1, hash)));
  }
  const end = signAt(texts.length, hash);
  return { lines: [...lines, checkpointLine(end)], anchor: end };
}

async function* stream(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

const verify = (lines: readonly string[], anchor?: ReturnType<typeof signAt>) => verifyAudit(stream(lines), { publicKey, anchor });
const texts = fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 10 });

describe('the verifier of an audit export', () => {
  it('finds any byte that was changed, added or removed', async () => {
    const change = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('change', 'insert', 'remove'),
      char: fc.string({ minLength: 1, maxLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(texts, change, fc.boolean(), async (texts, { at, kind, char }, anchored) => {
        const { lines, anchor } = exportOf(texts);
        const index = at % lines.length;
        const line = lines[index] ?? '';
        const place = Math.floor(at / lines.length) % line.length;
        const changed = line.slice(0, place) + (kind === 'remove' ? '' : char) + line.slice(kind === 'insert' ? place : place + 1);
        fc.pre(changed !== line);
        expect(await verify(lines.with(index, changed), anchored ? anchor : undefined)).toMatchObject({ ok: false });
      }),
      { numRuns: 300 },
    );
  });

  it('finds any entry that was removed, doubled or moved', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), fc.nat(), async (texts, from, to) => {
        const { lines } = exportOf(texts);
        const entries = lines.flatMap((line, index) => (line.startsWith('{"entry"') ? [index] : []));
        const a = entries[from % entries.length] ?? 0;
        const b = entries[to % entries.length] ?? 0;
        expect(await verify(lines.toSpliced(a, 1))).toMatchObject({ ok: false });
        expect(await verify(lines.toSpliced(a, 0, lines[a] ?? ''))).toMatchObject({ ok: false });
        fc.pre(a !== b);
        expect(await verify(lines.with(a, lines[b] ?? '').with(b, lines[a] ?? ''))).toMatchObject({ ok: false });
      }),
      { numRuns: 100 },
    );
  });

  it('finds a tail that was cut off anywhere, by what the machine remembers', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (texts, cut) => {
        const { lines, anchor } = exportOf(texts);
        const last = lines.findLastIndex((line) => line.startsWith('{"entry"'));
        expect(await verify(lines.slice(0, cut % (last + 1)), anchor)).toMatchObject({ ok: false });
      }),
      { numRuns: 100 },
    );
  });

  it('finds a chain that was written anew from some entry on, though every hash follows', async () => {
    const { lines, anchor } = exportOf(['a', 'b', 'c', 'd']);
    const { lines: forged } = exportOf(['a', 'x', 'c', 'd']);
    expect(await verify(forged, anchor)).toMatchObject({ ok: false, at: 4, reason: expect.stringContaining('rewritten') as string });
    expect(await verify([...forged.slice(0, 3), ...lines.slice(3)])).toMatchObject({ ok: false });
  });

  it('refuses signatures of keys it was not given, and a forged anchor', async () => {
    const other = generateKeyPairSync('ed25519');
    const { lines, anchor } = exportOf(['a']);
    const strange = other.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(await verifyAudit(stream(lines), { publicKey: strange })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('unknown key') as string,
    });
    expect(await verifyAudit(stream(lines), { publicKey: [strange, publicKey], anchor })).toEqual({ ok: true, entries: 1 });
    expect(await verify(lines, { ...anchor, hash: FIRST_HASH })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('anchor') as string,
    });
  });

  it('refuses what is no export', async () => {
    for (const line of ['', 'x', '[]', 'null', '{}', '{"entry":{},"hash":"","seq":"1"}', `{"checkpoint":{}}`, '['.repeat(10_000)]) {
      expect(await verify([line])).toMatchObject({ ok: false, at: 1 });
    }
  });

  it('accepts what is whole, and nothing at all', async () => {
    expect(await verify([])).toEqual({ ok: true, entries: 0 });
    await fc.assert(
      fc.asyncProperty(texts, async (texts) => {
        const { lines, anchor } = exportOf(texts);
        expect(await verify(lines, anchor)).toEqual({ ok: true, entries: texts.length });
      }),
    );
  });
});
