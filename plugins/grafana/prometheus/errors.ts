/** Prometheus' own kinds of error; `bad_data` is answered with 400, `execution` with 422, `timeout` with 503. */
export type PromErrorType = 'bad_data' | 'execution' | 'timeout' | 'not_found';

export class PromError extends Error {
  override readonly name = 'PromError';
  readonly type: PromErrorType;

  constructor(type: PromErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** What Prometheus knows and this API does not. */
export const unsupported = (what: string): PromError => new PromError('bad_data', `not supported by NovaCron: ${what}`);
