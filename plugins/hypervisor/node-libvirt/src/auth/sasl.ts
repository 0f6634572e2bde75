import type { CallOptions, Caller } from '../caller.ts';
import { ConnectionError, LibvirtError } from '../errors.ts';
import { ErrorCode } from '../generated/constants-error.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { Credentials, Mechanism, Secret } from './mechanism.ts';
import { plain } from './mechanism.ts';
import { scramSha256 } from './scram.ts';

export interface SaslOptions {
  credentials: Credentials | undefined;
  /** Whether nobody can read what is sent. */
  confidential: boolean;
  /** The only mechanism to use, when the URI names one. */
  wanted: string | undefined;
}

/** The best first. */
const mechanisms: readonly { name: string; open: boolean; make(secret: Secret): Mechanism }[] = [
  { name: 'SCRAM-SHA-256', open: true, make: (secret) => scramSha256(secret) },
  { name: 'PLAIN', open: false, make: plain },
];
/** More than any mechanism needs. */
const stepsMax = 8;

/** Signs in by SASL. Rejects with `auth_unsupported` when there is no mechanism in common and `auth_failed` when the server says no. */
export async function signInBySasl(caller: Pick<Caller, 'call'>, options: SaslOptions, call: CallOptions): Promise<void> {
  const { credentials } = options;
  if (!credentials)
    throw new ConnectionError('auth_failed', 'The daemon asks for a user name and a password. Give them as `credentials` to `connect`.');
  const { make } = choose(await offered(caller, options, call), options);
  try {
    const password = typeof credentials.password === 'function' ? await credentials.password() : credentials.password;
    await converse(caller, make({ username: credentials.username, password }), call);
  } catch (cause) {
    if (!(cause instanceof LibvirtError) || cause.code !== ErrorCode.AUTH_FAILED) throw cause;
    throw new ConnectionError('auth_failed', `The daemon refuses the user "${credentials.username}": ${cause.message}.`, { cause });
  }
}

/** The names of the daemon's mechanisms. */
async function offered(caller: Pick<Caller, 'call'>, { confidential }: SaslOptions, call: CallOptions): Promise<string> {
  try {
    return (await caller.call(remote.authSaslInit, undefined, call)).mechlist;
  } catch (cause) {
    if (!(cause instanceof LibvirtError)) throw cause;
    const advice = confidential
      ? "See mech_list in the daemon's /etc/sasl2/libvirt.conf."
      : 'On plain tcp it takes only mechanisms that encrypt by themselves, which this client has not: use tls, ssh or unix.';
    throw new ConnectionError('auth_unsupported', `The daemon has no mechanism of SASL to offer: ${cause.message}. ${advice}`, { cause });
  }
}

function choose(offered: string, { confidential, wanted }: SaslOptions): (typeof mechanisms)[number] {
  const names = offered.toUpperCase().split(/[\s,]+/);
  const shared = mechanisms.filter(({ name }) => names.includes(name) && (wanted ?? name).toUpperCase() === name);
  const usable = shared.find(({ open }) => open || confidential);
  if (usable) return usable;
  if (shared.length > 0)
    throw new ConnectionError(
      'auth_unsupported',
      'PLAIN would send the password where others can read it. Use tls, ssh or unix instead of tcp.',
    );
  const ours = wanted ?? mechanisms.map(({ name }) => name).join(' and ');
  throw new ConnectionError(
    'auth_unsupported',
    `The daemon offers ${offered || 'no mechanism of SASL'}; this client may use ${ours}. See mech_list in the daemon's /etc/sasl2/libvirt.conf.`,
  );
}

async function converse(caller: Pick<Caller, 'call'>, mechanism: Mechanism, call: CallOptions): Promise<void> {
  let answer = await caller.call(remote.authSaslStart, { mech: mechanism.name, ...pack(mechanism.first) }, call);
  for (let step = 0; step < stepsMax; step++) {
    const said = unpack(answer);
    const reply = said ? await mechanism.respond(said) : null;
    if (answer.complete === 1) {
      if (mechanism.finished()) return;
      throw new ConnectionError('untrusted', 'The daemon lets us in without having proved that it knows the password itself.');
    }
    answer = await caller.call(remote.authSaslStep, pack(reply), call);
  }
  throw new ConnectionError('protocol_error', `The daemon has not come to an end of ${mechanism.name} after ${stepsMax} steps.`);
}

/** Nothing and no bytes are two things in SASL. The protocol has signed characters. */
interface Packed {
  nil: number;
  data: number[];
}

function pack(bytes: Buffer | null): Packed {
  return bytes ? { nil: 0, data: [...new Int8Array(bytes)] } : { nil: 1, data: [] };
}

function unpack({ nil, data }: Packed): Buffer | undefined {
  return nil === 1 ? undefined : Buffer.from(data.map((byte) => byte & 0xff));
}
