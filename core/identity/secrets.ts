import { createHash, randomBytes, randomInt } from 'node:crypto';

/** Tokens have 256 random bits, so a plain hash is enough to store them: there is nothing to guess. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

export const newToken = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`;

/** No 0, O, 1, I, L: it is read from a screen and typed. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** `K7QM-3XRT-9WFP`: 59 bits, for codes that people type and that live for minutes. */
export function newTypedCode(): string {
  const group = (): string => Array.from({ length: 4 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
  return [group(), group(), group()].join('-');
}

/** As typed: any case, with or without dashes and blanks. */
export function normalTypedCode(typed: string): string {
  const letters = typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  return [letters.slice(0, 4), letters.slice(4, 8), letters.slice(8)].join('-');
}
