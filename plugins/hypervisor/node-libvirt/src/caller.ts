import type { Codec } from './xdr/codec.ts';
import type { Stream } from './stream.ts';

/** What every call takes as its last argument. */
export interface CallOptions {
  /** Gives up the call: it rejects with code `aborted`, a late answer is dropped. What was already sent may still be carried out. */
  signal?: AbortSignal;
  /** Time limit in milliseconds from the call to its answer, waiting for a free slot included. Default: that of the connection (30,000). Infinity: none. */
  timeoutMs?: number;
}

/** The last argument of calls that have two or more others beside their flags. */
export interface FlagOptions extends CallOptions {
  /** Default: 0. */
  flags?: number;
}

/** One entry of the tables of procedures: how its arguments and its answer look. */
export interface Procedure<A, R> {
  readonly program: number;
  readonly number: number;
  readonly args: Codec<A>;
  readonly ret: Codec<R>;
  /** libvirt promises not to wait for a hypervisor's monitor. */
  readonly priority?: 'high';
  /** Which way the data of the call's stream go, as seen from here. */
  readonly stream?: 'read' | 'write';
}

/** What domains, pools, volumes and networks need of a connection. */
export interface Caller {
  /** Any procedure of libvirt, with its arguments as the protocol names them. */
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R>;
  /** A procedure that comes with a stream. The stream has a connection of its own, so that slow data hold up no call. */
  openStream<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<Stream<R>>;
}
