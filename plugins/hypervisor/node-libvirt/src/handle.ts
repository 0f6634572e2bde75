import type { CallOptions, Caller, Procedure } from './caller.ts';

/**
 * A name for something on a host, not a copy of it: methods ask the host every time. They have libvirt's own names and flags;
 * `flags` is 0 where it is not given, and `{ signal, timeoutMs }` comes last.
 */
export abstract class Handle<Argument extends string, Ref> {
  protected readonly caller: Caller;
  private readonly argument: Argument;

  /** `argument` is what procedures call this object among their arguments. */
  constructor(caller: Caller, argument: Argument) {
    this.caller = caller;
    this.argument = argument;
  }

  /** As the protocol wants it; for `conn.call()` with procedures that have no method here. */
  abstract get ref(): Ref;

  /** Calls a procedure about this object. */
  protected ask<A extends Record<Argument, Ref>, R>(
    procedure: Procedure<A, R>,
    args: Omit<A, Argument>,
    options: CallOptions | undefined,
  ): Promise<R> {
    return this.caller.call(procedure, { ...args, [this.argument]: this.ref } as unknown as A, options);
  }
}
