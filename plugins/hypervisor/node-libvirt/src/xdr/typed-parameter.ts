import { ConnectionError } from '../errors.ts';
import type { Codec } from './codec.ts';
import { double, hyper, int, uhyper, uint, xdrString } from './codec.ts';

/** The longest string libvirt sends or takes, in bytes. */
export const stringBytesMax = 4194304;

const text = xdrString(stringBytesMax);

/** The type numbers of libvirt's `virTypedParameterType`. */
export const parameterType = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;

/** One value of a typed parameter; 64-bit types are bigint. */
export type TypedParameterValue =
  | { type: 'int' | 'uint' | 'double'; value: number }
  | { type: 'llong' | 'ullong'; value: bigint }
  | { type: 'boolean'; value: boolean }
  | { type: 'string'; value: string };

/** The discriminated union libvirt calls `virTypedParameter`. */
export const typedParameterValue: Codec<TypedParameterValue> = {
  shape: { kind: 'typedParameter' },
  encode(writer, parameter) {
    writer.int(parameterType[parameter.type]);
    switch (parameter.type) {
      case 'int':
        return int.encode(writer, parameter.value);
      case 'uint':
        return uint.encode(writer, parameter.value);
      case 'double':
        return double.encode(writer, parameter.value);
      case 'llong':
        return hyper.encode(writer, parameter.value);
      case 'ullong':
        return uhyper.encode(writer, parameter.value);
      case 'boolean':
        return writer.int(parameter.value ? 1 : 0);
      case 'string':
        return text.encode(writer, parameter.value);
    }
  },
  decode(reader) {
    const type = reader.int();
    switch (type) {
      case 1:
        return { type: 'int', value: reader.int() };
      case 2:
        return { type: 'uint', value: reader.uint() };
      case 3:
        return { type: 'llong', value: reader.hyper() };
      case 4:
        return { type: 'ullong', value: reader.uhyper() };
      case 5:
        return { type: 'double', value: reader.double() };
      case 6:
        return { type: 'boolean', value: reader.int() !== 0 };
      case 7:
        return { type: 'string', value: reader.string(stringBytesMax) };
      default:
        throw new ConnectionError('protocol_error', `The packet has a parameter of type ${type}, which libvirt does not define.`);
    }
  },
};
