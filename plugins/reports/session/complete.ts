import { inspect } from 'node:util';
import type { Completion, MimeBundle } from './protocol.ts';

/** Objects describe a member that is looked up in the notebook by this method: name in, text or null out. */
export const DESCRIBE = Symbol.for('novacron.describe');

const MATCHES_MAX = 500;
const SOURCE_LENGTH_MAX = 2000;
const CHAIN_BEFORE = /(?:[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\?\.|\.))*[\p{ID_Start}$_]?[\p{ID_Continue}$]*$/u;
const KEYWORDS = [
  'async',
  'await',
  'class',
  'const',
  'for',
  'function',
  'if',
  'import',
  'let',
  'new',
  'return',
  'throw',
  'try',
  'typeof',
  'while',
];

const isObject = (value: unknown): value is object => (typeof value === 'object' || typeof value === 'function') && value !== null;

/** Reads a member without running code of the notebook: getters are left alone, the helper's own proxies are not. */
function memberOf(object: unknown, name: string): unknown {
  for (let at: unknown = isObject(object) ? object : Object.getPrototypeOf(Object(object)); isObject(at); at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found.value;
  }
  return undefined;
}

function valueOf(chain: readonly string[]): unknown {
  let value: unknown = globalThis;
  for (const name of chain) {
    if (value === undefined || value === null) return undefined;
    value = memberOf(value, name);
  }
  return value;
}

function namesOf(value: unknown): string[] {
  const names = new Set<string>();
  for (let at: unknown = value === null || value === undefined ? null : Object(value); isObject(at); at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype && names.size > 0) break;
    for (const name of Object.getOwnPropertyNames(at)) if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) names.add(name);
  }
  return [...names];
}

const chainOf = (text: string): string[] => text.split(/\?\.|\./u);

/** What may stand at the cursor, from the values that are there now. */
export function complete(code: string, cursor: number): Completion {
  const typed = CHAIN_BEFORE.exec(code.slice(0, cursor))?.[0] ?? '';
  const chain = chainOf(typed);
  const part = chain.pop() ?? '';
  const known = chain.length === 0 ? [...namesOf(globalThis), ...KEYWORDS] : namesOf(valueOf(chain));
  const matches = known.filter((name) => name.startsWith(part) && !name.startsWith('__nova')).toSorted();
  return { matches: matches.slice(0, MATCHES_MAX), start: cursor - part.length, end: cursor };
}

/** A function's source up to the end of its parameters; where types stood are blanks. */
function signatureOf(value: Function): string {
  const source = String(value).slice(0, SOURCE_LENGTH_MAX);
  let depth = 0;
  let end = 0;
  for (const { 0: sign, index } of source.matchAll(/[()]/gu)) {
    depth += sign === '(' ? 1 : -1;
    if (depth > 0) continue;
    end = index + 1;
    break;
  }
  const text = end === 0 ? (source.split('\n')[0] ?? '') : source.slice(0, end);
  return text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/ (?=[,)])/gu, '')
    .trim();
}

/** What the name at the cursor means now; null when there is no such value. */
export function inspectAt(code: string, cursor: number): MimeBundle | null {
  const after = /^[\p{ID_Continue}$]*/u.exec(code.slice(cursor))?.[0] ?? '';
  const typed = ((CHAIN_BEFORE.exec(code.slice(0, cursor))?.[0] ?? '') + after).replace(/(?:\?\.|\.)$/u, '');
  if (typed === '') return null;
  const chain = chainOf(typed);
  const owner = valueOf(chain.slice(0, -1));
  const describe = isObject(owner) ? Reflect.get(owner, DESCRIBE) : undefined;
  const described: unknown = typeof describe === 'function' ? Reflect.apply(describe, owner, [chain.at(-1)]) : null;
  if (typeof described === 'string') return { 'text/plain': described };
  const value = valueOf(chain);
  if (value === undefined) return null;
  const text = typeof value === 'function' ? signatureOf(value) : inspect(value, { depth: 1, maxArrayLength: 10, maxStringLength: 500 });
  return { 'text/plain': `${typed}: ${typeOf(value)}\n\n${text}` };
}

const typeOf = (value: unknown): string =>
  isObject(value) && typeof value !== 'function' ? (Object.getPrototypeOf(value)?.constructor?.name ?? 'object') : typeof value;
