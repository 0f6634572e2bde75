import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectionError } from '../../../../plugins/hypervisor/node-libvirt/src/errors.ts';
import { lxcProcedures } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-lxc.ts';
import { qemuEvents, qemuProcedures } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-qemu.ts';
import { remoteEvents, remoteProcedures } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-remote.ts';
import * as typesCommon from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-common.ts';
import * as typesConnect from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-connect.ts';
import * as typesDomainData from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-domain-data.ts';
import * as typesDomainSettings from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-domain-settings.ts';
import * as typesDomain from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-domain.ts';
import * as typesEvents from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-events.ts';
import * as typesHost from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-host.ts';
import * as typesLxc from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-lxc.ts';
import * as typesNetwork from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-network.ts';
import * as typesQemu from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-qemu.ts';
import * as typesStorage from '../../../../plugins/hypervisor/node-libvirt/src/generated/types-storage.ts';
import { getAllDomainStats } from '../../../../plugins/hypervisor/node-libvirt/src/stats.ts';
import type { Codec } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import * as codecs from '../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import { XdrReader } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/reader.ts';
import { XdrWriter } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/writer.ts';
import { valueOf } from './kit/arbitrary.ts';

const bytesMax = 1 << 20;

function encode(codec: Codec<unknown>, value: unknown): Buffer {
  const writer = new XdrWriter(bytesMax);
  codec.encode(writer, value);
  return writer.finish();
}

function decode(codec: Codec<unknown>, bytes: Buffer): unknown {
  const reader = new XdrReader(bytes);
  const value = codec.decode(reader);
  reader.expectEnd();
  return value;
}

/** Every type that goes over the wire by itself: arguments, answers and events of all procedures. */
const allTypes: [string, Codec<unknown>][] = [
  ...Object.entries({ ...remoteProcedures, ...qemuProcedures, ...lxcProcedures }).flatMap(
    ([name, { args, ret }]): [string, Codec<unknown>][] => [
      [`arguments of ${name}`, args],
      [`answer of ${name}`, ret],
    ],
  ),
  ...Object.entries({ ...remoteEvents, ...qemuEvents }).map(([name, { message }]): [string, Codec<unknown>] => [`event ${name}`, message]),
].filter(([, codec]) => codec.shape.kind !== 'nothing');

/** A type and a value of it. */
const typedValue = fc.constantFrom(...allTypes).chain(([name, codec]) => valueOf(codec).map((value) => ({ name, codec, value })));

/** The code of the typed error of an action, or "done". Any other error is a crash and goes on. */
function refusal(action: () => unknown): string {
  try {
    action();
    return 'done';
  } catch (error) {
    if (error instanceof ConnectionError) return error.code;
    throw error;
  }
}

describe('what cannot be sent is refused before anything is sent', () => {
  test.each<[string, Codec<unknown>, unknown, string]>([
    ['a fraction as an integer', codecs.int, 1.5, 'bad_argument'],
    ['an integer above 32 bits', codecs.int, 2 ** 31, 'bad_argument'],
    ['a negative unsigned integer', codecs.uint, -1, 'bad_argument'],
    ['a number where a bigint is needed', codecs.hyper, 1, 'bad_argument'],
    ['a bigint above 64 bits', codecs.uhyper, 1n << 64n, 'bad_argument'],
    ['a string with a NUL, which C would cut', codecs.xdrString(100), 'web\0.xml', 'bad_argument'],
    ['something else as a string', codecs.xdrString(100), undefined, 'bad_argument'],
    ['a string above its limit in bytes, not in characters', codecs.xdrString(3), 'ää', 'limit_exceeded'],
    ['a list above its limit', codecs.array(codecs.int, 2), [1, 2, 3], 'limit_exceeded'],
    ['a fixed list of another length', codecs.fixedArray(codecs.int, 2), [1], 'bad_argument'],
    ['bytes above their limit', codecs.opaque(2), new Uint8Array(3), 'limit_exceeded'],
    ['something else as a UUID', codecs.uuid, '../../etc/passwd', 'bad_argument'],
  ])('%s', (...[, codec, value, code]) => {
    expect(refusal(() => encode(codec, value))).toBe(code);
  });

  test('a packet never grows above its limit', () => {
    const writer = new XdrWriter(1000);
    expect(refusal(() => codecs.xdrString(5000).encode(writer, 'x'.repeat(2000)))).toBe('limit_exceeded');
  });
});

describe('what the protocol does not allow is refused', () => {
  test.each<[string, Codec<unknown>, number[]]>([
    ['an end in the middle of a value', codecs.hyper, [0, 0, 0, 1]],
    ['a list that says it is longer than the packet', codecs.array(codecs.int, 16384), [0, 0, 64, 0, 0, 0, 0, 1]],
    ['a list above its limit', codecs.array(codecs.int, 1), [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1]],
    ['a string that says it is longer than the packet', codecs.xdrString(4194304), [0, 16, 0, 0, 65]],
    ['a string without its padding', codecs.xdrString(10), [0, 0, 0, 1, 65]],
    ['an option that is neither there nor not', codecs.optional(codecs.int), [0, 0, 0, 2, 0, 0, 0, 1]],
    ['a char above a byte', codecs.uchar, [0, 0, 1, 0]],
    ['bytes after the value', codecs.int, [0, 0, 0, 1, 0]],
  ])('%s', (_, codec, bytes) => {
    expect(refusal(() => decode(codec, Buffer.from(bytes)))).toBe('protocol_error');
  });

  test('a statistic named like a prototype or of an unknown type', () => {
    const record = { dom: { name: 'a', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 1 } };
    const encoded = (field: string) =>
      encode(remoteProcedures.connectGetAllDomainStats.ret, {
        retStats: [{ ...record, params: [{ field, value: { type: 'int', value: 1 } }] }],
      });
    expect(refusal(() => decode(getAllDomainStats.ret, encoded('__proto__')))).toBe('protocol_error');
    const unknown = encoded('x');
    unknown.writeUInt32BE(99, unknown.length - 8);
    expect(refusal(() => decode(getAllDomainStats.ret, unknown))).toBe('protocol_error');
  });
});

/** Beside the types of whole packets, those that they are made of. */
const generatedTypes = Object.entries({
  ...typesCommon,
  ...typesConnect,
  ...typesDomain,
  ...typesDomainData,
  ...typesDomainSettings,
  ...typesEvents,
  ...typesHost,
  ...typesLxc,
  ...typesNetwork,
  ...typesQemu,
  ...typesStorage,
}) as [string, Codec<unknown>][];

test('no generated type is left out', () => {
  const known = new Set(generatedTypes.map(([, codec]) => codec));
  expect(allTypes.filter(([, codec]) => !known.has(codec))).toEqual([]);
  expect(generatedTypes.length).toBeGreaterThan(700);
});

test('values of every generated type come back as they were sent', () => {
  for (const [name, codec] of generatedTypes) {
    fc.assert(
      fc.property(valueOf(codec), (value) => {
        const bytes = encode(codec, value);
        expect({ name, odd: bytes.length % 4, value: decode(codec, bytes) }).toEqual({ name, odd: 0, value });
      }),
      { numRuns: 50 },
    );
  }
});

test('the fast decoder of statistics reads what the general one reads, also when few names come in many orders', () => {
  const general = remoteProcedures.connectGetAllDomainStats.ret;
  type Value = { retStats: { dom: unknown; params: { field: string; value: { value: unknown } }[] }[] };
  const few = fc.array(fc.constantFrom('state.state', 'state.reason', 'vcpu.0.time', 'vcpu.1.time', '1', 'é'), { minLength: 1 });
  fc.assert(
    fc.property(valueOf(general), fc.option(few), (any, names) => {
      const { retStats } = any as Value;
      let next = 0;
      const rename = (field: string): string => names?.[next++ % names.length] ?? field;
      const value: Value = {
        retStats: retStats.map(({ dom, params }) => ({ dom, params: params.map((one) => ({ ...one, field: rename(one.field) })) })),
      };
      const expected = value.retStats.map(({ dom, params }) => ({
        dom,
        params: Object.fromEntries(params.map((one) => [one.field, one.value.value])),
      }));
      expect(decode(getAllDomainStats.ret, encode(general, value as never))).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test('damaged packets are read or refused, and never cost more than their own size', () => {
  const damage = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(typedValue, damage, fc.nat(), (...[{ codec, value }, changes, cut]) => {
      const good = encode(codec, value);
      const bytes = good.subarray(0, good.length - (cut % (good.length + 1)));
      for (const { at, byte } of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      let values = 0;
      const result = refusal(() => {
        values = countValues(decode(codec, bytes));
      });
      expect(['done', 'protocol_error']).toContain(result);
      // Each value that is read took at least a byte of the packet, so their number is bounded by it.
      expect(values).toBeLessThanOrEqual(bytes.length + 1);
    }),
    { numRuns: 3000 },
  );
});

test('noise is read or refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...allTypes), fc.uint8Array({ maxLength: 400 }), ([, codec], noise) => {
      expect(['done', 'protocol_error']).toContain(refusal(() => decode(codec, Buffer.from(noise))));
    }),
    { numRuns: 3000 },
  );
});

/** Leaves of a decoded value; a struct of no fields counts as nothing. */
function countValues(value: unknown): number {
  if (value instanceof Uint8Array) return 1;
  if (Array.isArray(value)) return 1 + value.reduce<number>((sum, one) => sum + countValues(one), 0);
  if (typeof value === 'object' && value !== null) return Object.values(value).reduce<number>((sum, one) => sum + countValues(one), 0);
  return 1;
}
