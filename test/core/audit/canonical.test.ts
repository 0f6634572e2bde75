import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../core/audit/canonical.ts';
import { looksSecret, redact } from '../../../core/audit/redact.ts';
import { Secret } from '../../../core/contract.ts';

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, field]) => [key, shuffled(field)]),
  );
};

describe('canonical JSON', () => {
  it('refuses what JSON cannot say', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, { deep: [Number.NaN] }])
      expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'json_invalid' }));
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => canonicalJson(cycle)).toThrow(/deeper/);
  });

  it('is the same whatever the order of the keys, and says the same as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves undefined out as JSON does', () => {
    expect(canonicalJson({ b: undefined, a: [undefined, 1], c: new Date(0) })).toBe('{"a":[null,1],"c":"1970-01-01T00:00:00.000Z"}');
    expect(canonicalJson(undefined)).toBe('null');
  });
});

describe('what is written down of an input', () => {
  it('hides values of keys that look secret, at any depth, and Secrets under any key', () => {
    const input = {
      name: 'web-1',
      password: 'p',
      nested: [{ apiToken: 't', note: new Secret('s') }],
      'X-API-KEY': 'k',
      sshKey: 'k',
      token: ['a'],
      code: 'K7',
      private_key: 'x',
    };
    expect(redact(input)).toEqual({
      name: 'web-1',
      password: '***',
      nested: [{ apiToken: '***', note: '***' }],
      'X-API-KEY': '***',
      sshKey: '***',
      token: '***',
      code: 'K7',
      private_key: '***',
    });
  });

  it('does not hide what only sounds alike', () => {
    for (const key of ['keyboard', 'tokenize', 'pinned', 'secretary', 'key', 'sshPublic', 'passwordless', 'memoryBytes'])
      expect(looksSecret(key)).toBe(false);
    for (const key of ['rootPassword', 'PASSWORD', 'client_secret', 'accessKey', 'refresh-token', 'Authorization', 'adminPin'])
      expect(looksSecret(key)).toBe(true);
  });

  it('never holds a Secret, and is always JSON', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true });
    fc.assert(
      fc.property(anything, fc.uuid(), (value, secret) => {
        const text = JSON.stringify(redact({ value, list: [new Secret(secret)], password: { deep: secret } }));
        expect(text).not.toContain(secret);
      }),
    );
  });

  it('cuts what is long', () => {
    expect(redact('x'.repeat(5_000))).toMatch(/… \(5000 characters\)$/);
    expect((redact(Array.from({ length: 1_005 }, (_, n) => n)) as unknown[]).length).toBe(1_001);
  });
});
