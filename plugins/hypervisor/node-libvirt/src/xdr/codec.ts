import { ConnectionError } from '../errors.ts';
import type { XdrReader } from './reader.ts';
import type { XdrWriter } from './writer.ts';

/** What a type is made of, for programs that look at types, such as tests that make values of all of them. */
export type Shape =
  | { kind: 'integer'; min: number; max: number }
  | { kind: 'bigint'; min: bigint; max: bigint }
  | { kind: 'string' | 'opaque'; bytesMax: number }
  | { kind: 'double' | 'uuid' | 'typedParameter' | 'nothing' }
  | { kind: 'list'; item: Codec<unknown>; max: number }
  | { kind: 'fixed'; item: Codec<unknown>; length: number }
  | { kind: 'optional'; item: Codec<unknown> }
  | { kind: 'struct'; fields: Record<string, Codec<unknown>> };

/** How one type of the protocol is written and read. */
export interface Codec<T> {
  readonly shape: Shape;
  encode(writer: XdrWriter, value: T): void;
  decode(reader: XdrReader): T;
}

/** The TypeScript type a codec stands for: `type DomainRef = Infer<typeof domain>`. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** An integer of up to 32 bits. XDR sends all of them, even a char, as four bytes. */
function integer(min: number, max: number): Codec<number> {
  return {
    shape: { kind: 'integer', min, max },
    encode(writer, value) {
      if (!Number.isInteger(value) || value < min || value > max) {
        throw new ConnectionError('bad_argument', `${String(value)} is not an integer between ${min} and ${max}.`);
      }
      writer.int(value);
    },
    decode(reader) {
      const value = min < 0 ? reader.int() : reader.uint();
      if (value < min || value > max)
        throw new ConnectionError('protocol_error', `The packet has ${value} where ${min} to ${max} is allowed.`);
      return value;
    },
  };
}

export const int = integer(-0x80000000, 0x7fffffff);
export const uint = integer(0, 0xffffffff);
export const char = integer(-0x80, 0x7f);
export const uchar = integer(0, 0xff);
/** @public The generator emits it for protocols that have such a field. */
export const short = integer(-0x8000, 0x7fff);
export const ushort = integer(0, 0xffff);

function bigInteger(min: bigint, max: bigint): Codec<bigint> {
  return {
    shape: { kind: 'bigint', min, max },
    encode(writer, value) {
      if (typeof value !== 'bigint' || value < min || value > max) {
        throw new ConnectionError('bad_argument', `${String(value)} is not a bigint between ${min} and ${max}.`);
      }
      writer.hyper(value);
    },
    decode: min < 0n ? (reader) => reader.hyper() : (reader) => reader.uhyper(),
  };
}

export const hyper = bigInteger(-(1n << 63n), (1n << 63n) - 1n);
export const uhyper = bigInteger(0n, (1n << 64n) - 1n);

export const double: Codec<number> = {
  shape: { kind: 'double' },
  encode: (writer, value) => writer.double(value),
  decode: (reader) => reader.double(),
};

export const uuid: Codec<string> = {
  shape: { kind: 'uuid' },
  encode: (writer, value) => writer.uuid(value),
  decode: (reader) => reader.uuid(),
};

/** UTF-8 text. A NUL is refused, because the server would silently cut the text there. */
export function xdrString(maxBytes: number): Codec<string> {
  return {
    shape: { kind: 'string', bytesMax: maxBytes },
    encode(writer, value) {
      if (typeof value !== 'string') throw new ConnectionError('bad_argument', `A string is needed, not ${typeof value}.`);
      if (value.includes('\0')) throw new ConnectionError('bad_argument', 'A string for libvirt must not contain a NUL character.');
      writer.string(value, maxBytes);
    },
    decode: (reader) => reader.string(maxBytes),
  };
}

/** Bytes of a length that is sent before them. */
export function opaque(maxBytes: number): Codec<Uint8Array> {
  return {
    shape: { kind: 'opaque', bytesMax: maxBytes },
    encode(writer, value) {
      if (value.length > maxBytes)
        throw new ConnectionError('limit_exceeded', `${value.length} bytes are more than the ${maxBytes} allowed here.`);
      writer.int(value.length);
      writer.opaque(value);
    },
    decode: (reader) => reader.opaque(reader.count(maxBytes, 1)),
  };
}

/** A list whose length is sent before it. Every item takes at least four bytes, which bounds what a false length can make us allocate. */
export function array<T>(item: Codec<T>, max: number): Codec<T[]> {
  return {
    shape: { kind: 'list', item, max },
    encode(writer, values) {
      if (values.length > max) throw new ConnectionError('limit_exceeded', `${values.length} items are more than the ${max} allowed here.`);
      writer.int(values.length);
      for (const value of values) item.encode(writer, value);
    },
    decode(reader) {
      const values: T[] = [];
      for (let left = reader.count(max, 4); left > 0; left--) values.push(item.decode(reader));
      return values;
    },
  };
}

/** A list whose length both sides know. */
export function fixedArray<T>(item: Codec<T>, length: number): Codec<T[]> {
  return {
    shape: { kind: 'fixed', item, length },
    encode(writer, values) {
      if (values.length !== length) throw new ConnectionError('bad_argument', `${values.length} items were given, ${length} are needed.`);
      for (const value of values) item.encode(writer, value);
    },
    decode: (reader) => Array.from({ length }, () => item.decode(reader)),
  };
}

/** A value that may be absent. */
export function optional<T>(item: Codec<T>): Codec<T | null> {
  return {
    shape: { kind: 'optional', item },
    encode(writer, value) {
      writer.int(value === null ? 0 : 1);
      if (value !== null) item.encode(writer, value);
    },
    decode: (reader) => (reader.bool() ? item.decode(reader) : null),
  };
}

/** Fields one after the other, in the order they are declared in. */
export function struct<F extends Record<string, Codec<unknown>>>(fields: F): Codec<{ [K in keyof F]: Infer<F[K]> }> {
  type Value = { [K in keyof F]: Infer<F[K]> };
  const names = Object.keys(fields) as (keyof F)[];
  const codecs = names.map((name) => fields[name]!);
  return {
    shape: { kind: 'struct', fields },
    encode(writer, value) {
      for (let at = 0; at < names.length; at++) codecs[at]!.encode(writer, value[names[at]!]);
    },
    decode(reader) {
      const value = {} as Record<keyof F, unknown>;
      for (let at = 0; at < names.length; at++) value[names[at]!] = codecs[at]!.decode(reader);
      return value as Value;
    },
  };
}

/** No arguments, or an answer without a body. */
export const nothing: Codec<void> = { shape: { kind: 'nothing' }, encode() {}, decode() {} };
