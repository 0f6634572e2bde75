import { HubError, type Failure } from '../contract.ts';

/** A HubError as plain data, complete enough to be thrown again. */
export interface StoredFailure extends Failure {
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;
}

export const toFailure = ({ code, message, status, retryable, details }: HubError): StoredFailure => ({
  code,
  message,
  status,
  retryable,
  details,
});

/** Anything thrown as a HubError; what is not one is a programmer's error: `action_failed`. */
export function asHubError(error: unknown): HubError {
  if (HubError.is(error)) return error;
  if (error instanceof Error && error.name === 'TimeoutError')
    return new HubError('action_timeout', 'It took longer than it may. What had been done is taken back.', {
      status: 504,
      retryable: true,
      cause: error,
    });
  if (error instanceof Error && error.name === 'AbortError')
    return new HubError('action_aborted', 'It was called off before it was done.', { status: 499, cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new HubError('action_failed', `Something that should not happen happened: ${message}. The hub's log has more.`, { cause: error });
}
