import { ErrorCode } from './generated/constants-error.ts';

/** Stable reasons of a {@link ConnectionError}; a program may branch on them. */
export type ConnectionErrorCode =
  /** No socket, refused, or the server hung up before it was open. Nothing was sent; trying again is safe. */
  | 'connect_failed'
  /** The connection broke. The server may have carried out the call whose answer is missing: look at the truth before repeating it. */
  | 'connection_lost'
  /** The connection was closed by this side. */
  | 'closed'
  /** The time limit of the call passed. The server may still carry it out. */
  | 'timeout'
  /** The call's AbortSignal fired. The server may still carry it out. */
  | 'aborted'
  /** The other side sent what the protocol does not allow. */
  | 'protocol_error'
  /** A value is larger than the protocol or this client allows. */
  | 'limit_exceeded'
  /** A value that cannot be sent: wrong type, out of range, a NUL in a string. */
  | 'bad_argument'
  /** The connection URI is not one this client can use. */
  | 'bad_uri'
  /** The server asks for a way to sign in that this client does not know or must not use here. */
  | 'auth_unsupported'
  /** The server does not let this user in: wrong or missing password, certificate, ssh key, or polkit says no. */
  | 'auth_failed'
  /** The other side is not, or cannot be shown to be, who it should be: its certificate, host key or proof of the password is not trusted. */
  | 'untrusted';

const retryableCodes: ReadonlySet<ConnectionErrorCode> = new Set(['connect_failed', 'connection_lost', 'timeout']);

/** The transport or the protocol failed; libvirt itself said nothing about the call. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ConnectionErrorCode;
  constructor(code: ConnectionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
  /** Whether a later attempt may succeed without a change of arguments. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }
}

/** What libvirt says about a failed call, beside the message. */
export interface LibvirtErrorDetails {
  /** libvirt's `virErrorNumber`, see `ErrorCode`. */
  code: number;
  /** libvirt's `virErrorDomain`: which part of libvirt speaks, see `ErrorDomain`. */
  domain: number;
  /** libvirt's `virErrorLevel`: 1 warning, 2 error. */
  level: number;
  /** Extra text, as libvirt filled it in; null when it did not. */
  str1: string | null;
  str2: string | null;
  str3: string | null;
}

/**
 * Numbers (`ErrorCode`) that say that the other side does not do this at all: the driver does not (NO_SUPPORT, OPERATION_UNSUPPORTED,
 * ARGUMENT_UNSUPPORTED), or the daemon is older than the procedure or lacks the program (RPC).
 */
const unsupportedCodes: ReadonlySet<number> = new Set([
  ErrorCode.NO_SUPPORT,
  ErrorCode.RPC,
  ErrorCode.ARGUMENT_UNSUPPORTED,
  ErrorCode.OPERATION_UNSUPPORTED,
]);

/** libvirt carried out the call as far as it could and answered with an error. */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  /** libvirt's error number; compare with `ErrorCode`. */
  readonly code: number;
  /** Which part of libvirt speaks; compare with `ErrorDomain`. */
  readonly domain: number;
  readonly level: number;
  readonly details: LibvirtErrorDetails;
  constructor(message: string, details: LibvirtErrorDetails) {
    super(message);
    this.code = details.code;
    this.domain = details.domain;
    this.level = details.level;
    this.details = details;
  }
  /** Whether this driver or this version of libvirt does not do that at all, so that there is no use in trying again. */
  get unsupported(): boolean {
    return unsupportedCodes.has(this.code);
  }
}
