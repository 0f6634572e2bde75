import { ConnectionError, ErrorCode, LibvirtError } from 'node-libvirt';
import { HubError } from 'novacron/plugin';

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
    case 'auth_unsupported':
    case 'bad_argument':
    case 'bad_uri':
    case 'limit_exceeded':
    case 'protocol_error':
      return new HubError('host_refused', `Host '${host}': ${error.message}.`, { status: 502, cause: error });
  }
}

interface Rule {
  readonly codes?: readonly number[];
  readonly pattern?: RegExp;
  readonly code: string;
  readonly status: number;
  readonly retryable?: boolean;
  readonly advice: string;
}

// The first that fits wins: a message says more than a number that libvirt uses for many things.
const RULES: readonly Rule[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    code: 'disk_full',
    status: 507,
    advice: 'Free space in the pool or delete volumes, then try again.',
  },
  {
    pattern: /cannot allocate memory|cannot set up guest memory/i,
    code: 'host_memory_short',
    status: 507,
    advice: 'Stop a VM there or give this one less memory.',
  },
  { codes: [ErrorCode.NO_DOMAIN], code: 'vm_gone', status: 404, advice: 'It was removed on the host.' },
  { codes: [ErrorCode.DOM_EXIST], code: 'vm_name_taken', status: 409, advice: 'Choose another name.' },
  { pattern: /domain .* already exists/i, code: 'vm_name_taken', status: 409, advice: 'Choose another name.' },
  {
    pattern: /still being allocated|in use by another|asynchronous jobs running/i,
    code: 'host_busy',
    status: 503,
    retryable: true,
    advice: 'It is tried again.',
  },
  {
    codes: [ErrorCode.OPERATION_TIMEOUT, ErrorCode.RESOURCE_BUSY],
    code: 'host_busy',
    status: 503,
    retryable: true,
    advice: 'Try again in a moment.',
  },
  { codes: [ErrorCode.OPERATION_INVALID], code: 'vm_state_wrong', status: 409, advice: 'Look at its state and try again.' },
  { codes: [ErrorCode.NO_STORAGE_POOL], code: 'pool_unknown', status: 404, advice: "Check the pools in the plugin's config." },
  { codes: [ErrorCode.NO_STORAGE_VOL], code: 'volume_unknown', status: 404, advice: 'Check the name of the volume.' },
  {
    codes: [ErrorCode.AUTH_FAILED, ErrorCode.AUTH_CANCELLED, ErrorCode.AUTH_UNAVAILABLE, ErrorCode.ACCESS_DENIED],
    code: 'host_denied',
    status: 502,
    advice: 'Allow the user that the hub runs as to use libvirt there.',
  },
];

function fromLibvirt(host: string, error: LibvirtError): HubError {
  const rule = RULES.find(({ codes, pattern }) => codes?.includes(error.code) ?? pattern?.test(error.message));
  const said = `Host '${host}' says: ${error.message.replace(/\.$/, '')}.`;
  const details = { host, libvirtCode: error.code, libvirtDomain: error.domain };
  if (rule === undefined)
    return new HubError('host_refused', `${said} See the log of libvirtd there.`, { status: 502, details, cause: error });
  const { code, status, retryable = false, advice } = rule;
  return new HubError(code, `${said} ${advice}`, { status, retryable, details, cause: error });
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
