import type { CallOptions, Caller, Procedure } from '../caller.ts';
import type { ConnectionError } from '../errors.ts';
import type { ConnectionState, Link, StateListener } from '../link.ts';
import type { Stream } from '../stream.ts';

/** The line to a daemon. `Connection` is this and all that builds on it, one family of methods a file. */
export abstract class ConnectionBase implements Caller, AsyncDisposable {
  protected readonly link: Link;

  constructor(link: Link) {
    this.link = link;
  }

  get state(): ConnectionState {
    return this.link.state;
  }
  /** Closed for good; with `reconnect` that only happens by `close()`. */
  get closed(): boolean {
    return this.link.state === 'closed';
  }
  /** Calls back once when the connection is closed for good, with the reason. Returns what takes the listener away. */
  onClose(listener: (reason: ConnectionError) => void): () => void {
    return this.link.onStateChange((state, reason) => {
      if (state === 'closed' && reason) listener(reason);
    });
  }
  /** Calls back whenever the connection is lost, made again or closed. Returns what takes the listener away. */
  onStateChange(listener: StateListener): () => void {
    return this.link.onStateChange(listener);
  }
  /** Says goodbye and closes. Calls under way reject with code `closed`. */
  async close(): Promise<void> {
    await this.link.close();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }

  /** Any procedure of `remoteProcedures`, `qemuProcedures` or `lxcProcedures`, with its arguments as the protocol names them. */
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R> {
    return this.link.call(procedure, args, options);
  }
  openStream<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<Stream<R>> {
    return this.link.openStream(procedure, args, options);
  }
}
