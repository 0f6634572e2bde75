import { type Json, Secret } from '../contract.ts';

const HIDDEN = '***';
const TEXT_LENGTH_MAX = 4_000;
const ITEMS_MAX = 1_000;
const DEPTH_MAX = 20;

/** Whole words of a key, however they are joined: `apiToken`, `api_token`, `API-TOKEN`; but not `tokenize`, `keyboard`. */
const SECRET_WORDS = new Set([
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'secrets',
  'token',
  'tokens',
  'credential',
  'credentials',
  'authorization',
  'cookie',
  'otp',
  'pin',
  'apikey',
]);
const SECRET_PAIRS = new Set([
  'api key',
  'private key',
  'access key',
  'secret key',
  'signing key',
  'encryption key',
  'ssh key',
  'link code',
  'recovery code',
]);

export function looksSecret(key: string): boolean {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word, index) => SECRET_WORDS.has(word) || SECRET_PAIRS.has(`${word} ${words[index + 1] ?? ''}`));
}

/** What may be written down of an input: secrets print `***`, long texts and lists are cut with a word about it. */
export function redact(value: unknown, depth = 0): Json {
  if (value instanceof Secret) return HIDDEN;
  if (depth > DEPTH_MAX) return '(nested too deep)';
  if (typeof value === 'string')
    return value.length <= TEXT_LENGTH_MAX ? value : `${value.slice(0, TEXT_LENGTH_MAX)}… (${value.length} characters)`;
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return null;
  return redactObject(value, depth);
}

function redactObject(value: object, depth: number): Json {
  if ('toJSON' in value && typeof value.toJSON === 'function') return redact(value.toJSON(), depth + 1);
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MAX).map((item) => redact(item, depth + 1));
    return value.length <= ITEMS_MAX ? items : [...items, `… (${value.length} items)`];
  }
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .slice(0, ITEMS_MAX)
    .map(([key, field]): [string, Json] => [key, looksSecret(key) && field !== null && field !== '' ? HIDDEN : redact(field, depth + 1)]);
  return Object.fromEntries(fields);
}
