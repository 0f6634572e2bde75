import { HubError } from '../contract.ts';

const DEPTH_MAX = 100;

/**
 * The one text of a JSON value: keys sorted by code unit, no white space, `undefined` left out as JSON does. Equal values give equal
 * texts, so it can be hashed. Throws `json_invalid` for what JSON cannot say (NaN, a bigint, a cycle).
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0) ?? 'null';
}

function write(value: unknown, depth: number): string | undefined {
  if (depth > DEPTH_MAX) throw new HubError('json_invalid', `The value is nested deeper than ${DEPTH_MAX} levels.`, { status: 400 });
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new HubError('json_invalid', `${value} is no JSON number.`, { status: 400 });
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, depth);
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
    case 'bigint':
      throw new HubError('json_invalid', 'A bigint is no JSON value. Send it as a string.', { status: 400 });
  }
}

function writeObject(value: object, depth: number): string | undefined {
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1) ?? 'null').join(',')}]`;
  const fields = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, write(field, depth + 1)] as const)
    .filter(([, text]) => text !== undefined);
  return `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
