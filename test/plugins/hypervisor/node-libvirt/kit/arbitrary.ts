import * as fc from 'fast-check';
import type { Codec } from '../../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import type { TypedParameterValue } from '../../../../../plugins/hypervisor/node-libvirt/src/xdr/typed-parameter.ts';

/** Long enough to reach every padding, short enough to make a thousand of them. */
const itemsMax = 4;
const bytesMax = 40;

/** Any value of the type a codec stands for, made from its shape. */
export function valueOf(codec: Codec<unknown>): fc.Arbitrary<unknown> {
  const { shape } = codec;
  switch (shape.kind) {
    case 'integer':
      return fc.integer({ min: shape.min, max: shape.max });
    case 'bigint':
      return fc.bigInt({ min: shape.min, max: shape.max });
    case 'string':
      return text(Math.min(shape.bytesMax, bytesMax));
    case 'opaque':
      return fc.uint8Array({ maxLength: Math.min(shape.bytesMax, bytesMax) });
    case 'double':
      return fc.double();
    case 'uuid':
      return fc.uuid();
    case 'typedParameter':
      return typedParameter;
    case 'nothing':
      return fc.constant(undefined);
    case 'list':
      return fc.array(valueOf(shape.item), { maxLength: Math.min(shape.max, itemsMax) });
    case 'fixed':
      return fc.array(valueOf(shape.item), { minLength: shape.length, maxLength: shape.length });
    case 'optional':
      return fc.option(valueOf(shape.item), { nil: null });
    case 'struct':
      return fc.record(Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, valueOf(field)])));
  }
}

function text(maxBytes: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', maxLength: maxBytes / 4 }).filter((value) => !value.includes('\0') && value.isWellFormed());
}

const int64Max = (1n << 63n) - 1n;
const typedParameter: fc.Arbitrary<TypedParameterValue> = fc.oneof(
  fc.integer().map((value) => ({ type: 'int' as const, value })),
  fc.nat(0xffffffff).map((value) => ({ type: 'uint' as const, value })),
  fc.double().map((value) => ({ type: 'double' as const, value })),
  fc.bigInt({ min: -int64Max - 1n, max: int64Max }).map((value) => ({ type: 'llong' as const, value })),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => ({ type: 'ullong' as const, value })),
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  text(bytesMax).map((value) => ({ type: 'string' as const, value })),
);
