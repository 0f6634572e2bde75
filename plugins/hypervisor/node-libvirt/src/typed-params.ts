import { ConnectionError } from './errors.ts';
import { parameterTypes } from './generated/parameter-names.ts';
import type { TypedParam } from './generated/types-common.ts';
import type { TypedParameterValue } from './xdr/typed-parameter.ts';

/** What libvirt calls typed parameters, by name: see `ParameterName`. 64-bit integers are bigint. */
export type Parameters = Record<string, number | bigint | boolean | string>;

/**
 * Parameters to be set. libvirt wants each in one C type; it is found by the name, so that a number may be given for any integer.
 * A list of texts sends the name once for each. For names that are not known here the type can be said: `{ type: 'uint', value: 3 }`.
 */
export type ParameterInput = Record<string, number | bigint | boolean | string | readonly string[] | TypedParameterValue>;

export function fromTypedParams(params: readonly TypedParam[]): Parameters {
  return Object.fromEntries(params.map(({ field, value }) => [field, value.value]));
}

export function toTypedParams(input: ParameterInput): TypedParam[] {
  return Object.entries(input).flatMap(([field, given]) =>
    (isList(given) ? given : [given]).map((one) => ({ field, value: typeof one === 'object' ? one : typed(field, one) })),
  );
}

const isList = (given: ParameterInput[string]): given is readonly string[] => Array.isArray(given);

function typed(field: string, value: number | bigint | boolean | string): TypedParameterValue {
  const type = parameterTypes.get(field) ?? likelyType(value);
  const fits = type === 'string' || type === 'boolean' ? typeof value === type : typeof value === 'number' || typeof value === 'bigint';
  const whole = typeof value === 'bigint' || Number.isInteger(value);
  if (!fits || (type !== 'double' && typeof value === 'number' && !whole)) {
    throw new ConnectionError('bad_argument', `The parameter "${field}" is of type ${type}; ${String(value)} is not.`);
  }
  const wide = type === 'llong' || type === 'ullong';
  const narrow = type === 'int' || type === 'uint' || type === 'double';
  return { type, value: wide ? BigInt(value) : narrow ? Number(value) : value } as TypedParameterValue;
}

/** What libvirt most likely wants for a name that is not known here. */
function likelyType(value: number | bigint | boolean | string): TypedParameterValue['type'] {
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value === 'string' ? 'string' : 'boolean';
  if (typeof value === 'bigint') return value < 0n ? 'llong' : 'ullong';
  return Number.isInteger(value) ? 'int' : 'double';
}
