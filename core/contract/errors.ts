export interface HubErrorOptions extends ErrorOptions {
  /** HTTP status that fits; default 500. */
  readonly status?: number;
  /** Would the same call have a chance if it were made again? Default false. */
  readonly retryable?: boolean;
  /** Facts for machines, shown beside the message; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The one error that people see. `code` is stable and has the form `area_what` (all codes: core/errors.md);
 * `message` is a sentence that says what happened and what to do.
 */
export class HubError extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: HubErrorOptions = {}) {
    super(message, options);
    this.name = 'HubError';
    this.code = code;
    this.status = options.status ?? 500;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }

  /** True for a HubError of any copy of this module: two installed versions of the contract must agree. */
  static is(error: unknown): error is HubError {
    return error instanceof Error && error.name === 'HubError' && 'code' in error && 'status' in error;
  }
}
