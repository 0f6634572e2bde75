import { HubError } from '../contract.ts';

/** SQLSTATE classes and codes that say "the server is away", not "the statement is wrong". */
const AWAY_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '25P03', '25P04']);
const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const AWAY_MESSAGE =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Cannot use a pool after/;
const CANCELLED_STATES = new Set(['57014', '55P03']);

export const unavailable = (message: string, cause?: unknown): HubError =>
  new HubError('state_unavailable', message, { status: 503, retryable: true, cause });

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
};

export function isAway(error: unknown): boolean {
  const code = codeOf(error);
  return (
    AWAY_STATES.has(code) || AWAY_CODES.has(code) || code.startsWith('08') || (error instanceof Error && AWAY_MESSAGE.test(error.message))
  );
}

/** True when a UNIQUE constraint refused the row; `constraint` narrows it to one. */
export function isDuplicate(error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23505') return false;
  return constraint === undefined || (error instanceof Error && 'constraint' in error && error.constraint === constraint);
}

/** Turns "the server is away" and "it took too long" into HubErrors; everything else is the caller's and stays as it is. */
export function stateError(error: unknown): unknown {
  if (HubError.is(error)) return error;
  if (isAway(error)) return unavailable('PostgreSQL does not answer. The hub tries again by itself; `novacron doctor` says more.', error);
  if (CANCELLED_STATES.has(codeOf(error))) {
    return new HubError('state_timeout', 'PostgreSQL took too long and the statement was ended. Try again.', {
      status: 503,
      retryable: true,
      cause: error,
    });
  }
  return error;
}
