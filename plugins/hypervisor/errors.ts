import { ConnectionError, ErrorCode, LibvirtError } from 'node-libvirt';
import { HubError, type HubErrorOptions } from 'novacron/plugin';

const unreachable = (host: string, reason: string, cause?: unknown): HubError =>
  new HubError(
    'host_unreachable',
    `Host '${host}' cannot be reached: ${reason.replace(/\.$/, '')}. Check that libvirtd runs there and that its address in plugins.json is right; the hub keeps trying.`,
    { status: 503, retryable: true, details: { host }, cause },
  );

/** The error for a host to which there is no connection now. Retryable. */
export const hostUnreachable = (host: string, reason: string): HubError => unreachable(host, reason);

/** What libvirt or the way to it says, as an error that people see. HubErrors pass. */
export function toHubError(host: string, error: unknown): HubError {
  if (HubError.is(error)) return error;
  if (error instanceof LibvirtError) return fromLibvirt(host, error);
  if (error instanceof ConnectionError) return fromConnection(host, error);
  const message = error instanceof Error ? error.message : String(error);
  return new HubError('host_failed', `Talking to host '${host}' failed: ${message}.`, { cause: error });
}

function fromConnection(host: string, error: ConnectionError): HubError {
  switch (error.code) {
    // The call may have happened all the same: whoever retries looks at the truth first.
    case 'connect_failed':
    case 'connection_lost':
    case 'closed':
    case 'timeout':
      return unreachable(host, error.message, error);
    case 'aborted':
      return new HubError('host_call_aborted', `The call to host '${host}' was given up: ${error.message}.`, { status: 499, cause: error });
    case 'auth_failed':
    case 'untrusted':
      return new HubError('host_denied', `Host '${host}': ${error.message}`, { status: 502, cause: error });
    case 'auth_unsupported':
    case 'bad_argument':
    case 'bad_uri':
    case 'limit_exceeded':
    case 'protocol_error':
      return new HubError('host_refused', `Host '${host}': ${error.message}.`, { status: 502, cause: error });
  }
}

type Options = Pick<HubErrorOptions, 'details' | 'cause'>;

interface Rule {
  readonly codes?: readonly number[];
  readonly pattern?: RegExp;
  /** `said`: what libvirt says, as a sentence. */
  make(said: string, options: Options): HubError;
}

const { NO_DOMAIN, DOM_EXIST, OPERATION_INVALID, OPERATION_TIMEOUT, RESOURCE_BUSY, NO_STORAGE_POOL, NO_STORAGE_VOL } = ErrorCode;
const { AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE, ACCESS_DENIED } = ErrorCode;

const nameTaken = (said: string, options: Options): HubError =>
  new HubError('vm_name_taken', `${said} Choose another name.`, { status: 409, ...options });
const busy = (said: string, options: Options): HubError =>
  new HubError('host_busy', `${said} Try again in a moment.`, { status: 503, retryable: true, ...options });

// The first that fits wins: a message says more than a number that libvirt uses for many things.
const RULES: readonly Rule[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    make: (said, options) =>
      new HubError('disk_full', `${said} Free space in the pool or delete volumes, then try again.`, { status: 507, ...options }),
  },
  {
    pattern: /cannot allocate memory|cannot set up guest memory/i,
    make: (said, options) =>
      new HubError('host_memory_short', `${said} Stop a VM there or give this one less memory.`, { status: 507, ...options }),
  },
  {
    pattern: /cannot access storage file/i,
    make: (said, options) =>
      new HubError('image_unknown', `${said} Put the file there or choose another image.`, { status: 404, ...options }),
  },
  {
    codes: [NO_DOMAIN],
    make: (said, options) => new HubError('vm_gone', `${said} It was removed on the host.`, { status: 404, ...options }),
  },
  { codes: [DOM_EXIST], make: nameTaken },
  { pattern: /domain .* already exists/i, make: nameTaken },
  { pattern: /still being allocated|in use by another|asynchronous jobs running/i, make: busy },
  { codes: [OPERATION_TIMEOUT, RESOURCE_BUSY], make: busy },
  {
    codes: [OPERATION_INVALID],
    make: (said, options) => new HubError('vm_state_wrong', `${said} Look at its state and try again.`, { status: 409, ...options }),
  },
  {
    codes: [NO_STORAGE_POOL],
    make: (said, options) => new HubError('pool_unknown', `${said} Check the pools in the config.`, { status: 404, ...options }),
  },
  {
    codes: [NO_STORAGE_VOL],
    make: (said, options) => new HubError('volume_unknown', `${said} Check the name of the volume.`, { status: 404, ...options }),
  },
  {
    codes: [AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE, ACCESS_DENIED],
    make: (said, options) =>
      new HubError('host_denied', `${said} Allow the user that the hub runs as to use libvirt there.`, { status: 502, ...options }),
  },
];

function fromLibvirt(host: string, error: LibvirtError): HubError {
  const rule = RULES.find(({ codes, pattern }) => codes?.includes(error.code) ?? pattern?.test(error.message));
  const said = `Host '${host}' says: ${error.message.replace(/\.$/, '')}.`;
  const options = { details: { host, libvirtCode: error.code, libvirtDomain: error.domain }, cause: error };
  return rule
    ? rule.make(said, options)
    : new HubError('host_refused', `${said} See the log of libvirtd there.`, { status: 502, ...options });
}

/** True for libvirt's own answer that the thing does not exist. */
export const isMissing = (error: unknown): boolean =>
  HubError.is(error) && (error.code === 'vm_gone' || error.code === 'volume_unknown' || error.code === 'pool_unknown');

/** `undefined` when libvirt says that it does not exist; other errors pass on, mapped. */
export async function orMissing<T>(host: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const mapped = toHubError(host, error);
    if (isMissing(mapped)) return undefined;
    throw mapped;
  }
}
