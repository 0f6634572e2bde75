import type { CallOptions, Caller } from '../caller.ts';
import { ConnectionError, LibvirtError } from '../errors.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { Target } from '../uri.ts';
import type { Credentials } from './mechanism.ts';
import { signInBySasl } from './sasl.ts';

/** libvirt's numbers of the ways to sign in. */
const authType = { none: 0, sasl: 1, polkit: 2 } as const;

export interface SignInOptions {
  target: Target;
  credentials: Credentials | undefined;
}

/** Signs in by the first way that the daemon names, or by the one that the URI's `auth=` asks for. */
export async function signIn(caller: Pick<Caller, 'call'>, { target, credentials }: SignInOptions, call: CallOptions): Promise<void> {
  const { types } = await caller.call(remote.authList, undefined, call);
  const [wanted, ...mechanism] = (target.parameters.auth ?? '').split('.');
  const way = wantedType(wanted ?? '', types);
  switch (way) {
    case undefined:
    case authType.none:
      return;
    case authType.sasl: {
      const options = { credentials, confidential: target.transport !== 'tcp', wanted: mechanism.join('.') || undefined };
      return signInBySasl(caller, options, call);
    }
    case authType.polkit:
      return signInByPolkit(caller, call);
    default:
      throw new ConnectionError('auth_unsupported', `The daemon asks for the unknown way to sign in number ${way}.`);
  }
}

function wantedType(wanted: string, types: readonly number[]): number | undefined {
  if (wanted === '') return types[0];
  const type = Object.entries(authType).find(([name]) => name === wanted)?.[1];
  if (type === undefined)
    throw new ConnectionError('bad_uri', `The parameter auth=${wanted} must be none, sasl, sasl.MECHANISM or polkit.`);
  if (types.includes(type) || types.length === 0) return type;
  throw new ConnectionError('auth_unsupported', `The URI asks for auth=${wanted}, which the daemon does not offer.`);
}

async function signInByPolkit(caller: Pick<Caller, 'call'>, call: CallOptions): Promise<void> {
  try {
    await caller.call(remote.authPolkit, undefined, call);
  } catch (cause) {
    if (!(cause instanceof LibvirtError)) throw cause;
    const advice =
      'Run as root, join the group "libvirt", or write a polkit rule that grants "org.libvirt.unix.manage" to this user. A dialog for the password is not opened.';
    throw new ConnectionError('auth_failed', `polkit does not let this user manage libvirt: ${cause.message}. ${advice}`, { cause });
  }
}
