import { ConnectionError } from './errors.ts';

const transports = ['unix', 'tcp', 'tls', 'ssh'] as const;
export type Transport = (typeof transports)[number];

/** What a URI may ask of the client. The daemon never sees these; every other parameter is for the daemon. */
const clientParameters = [
  'name',
  'mode',
  'socket',
  'auth',
  'no_verify',
  'pkipath',
  'tls_priority',
  'command',
  'netcat',
  'proxy',
  'keyfile',
  'known_hosts',
  'known_hosts_verify',
  'sshauth',
  'no_tty',
  'no_sanity',
] as const;
export type ClientParameter = (typeof clientParameters)[number];
export type ClientParameters = Partial<Record<ClientParameter, string>>;

/** Where a connection goes, and what the server is asked to open. */
export interface Target {
  readonly transport: Transport;
  /** libvirt's name of the driver: `qemu`, `test`, or `remote` for whichever the daemon takes by itself. */
  readonly driver: string;
  /** `/system`, `/session`, `/default`. */
  readonly path: string;
  readonly user: string | undefined;
  /** Never empty for tcp, TLS and ssh, always empty for unix. */
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: ClientParameters;
  /** The URI as the daemon knows it, without host, transport and client parameters: `qemu:///system`. */
  readonly driverUri: string;
}

/**
 * Understands libvirt's URIs, `driver[+transport]://[user@][host][:port]/path?parameters`. Without a transport it is unix when there is no
 * host and TLS when there is one.
 */
export function parseUri(uri: string): Target {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const [driver, named] = (url?.protocol ?? '').replace(/:$/, '').split('+');
  if (!url || !driver) throw new ConnectionError('bad_uri', `"${uri}" is not a libvirt URI. One that works is "qemu:///system".`);
  const transport = transportOf(uri, named ?? (url.host === '' ? 'unix' : 'tls'));
  if (transport === 'unix' && url.host !== '') {
    throw new ConnectionError('bad_uri', `"${uri}" names a host, which a unix socket has not. Use tls, ssh or tcp in place of unix.`);
  }
  const { own, others } = splitQuery(uri, url.search);
  return {
    transport,
    driver,
    path: url.pathname,
    user: url.username === '' ? undefined : decode(uri, url.username),
    host: transport === 'unix' ? '' : decode(uri, url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: url.port === '' ? undefined : Number(url.port),
    parameters: own,
    driverUri: own.name ?? (driver === 'remote' ? '' : `${driver}://${url.pathname}${others}`),
  };
}

function transportOf(uri: string, name: string): Transport {
  const transport = transports.find((one) => one === name);
  if (transport) return transport;
  const hint = name.startsWith('libssh') ? ' For ssh use "ssh", which is the ssh program of this machine.' : '';
  throw new ConnectionError('bad_uri', `"${uri}" asks for the transport "${name}"; this client has ${transports.join(', ')}.${hint}`);
}

/** The client's parameters by name, and the rest as it was written. */
function splitQuery(uri: string, search: string): { own: ClientParameters; others: string } {
  const own: ClientParameters = {};
  const others: string[] = [];
  for (const pair of search.replace(/^\?/, '').split(/[&;]/)) {
    const [key = '', value = ''] = pair.split(/=(.*)/s);
    const parameter = clientParameters.find((one) => one === key);
    if (parameter) own[parameter] = decode(uri, value);
    else if (pair !== '') others.push(pair);
  }
  return { own, others: others.length > 0 ? `?${others.join('&')}` : '' };
}

function decode(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ConnectionError('bad_uri', `"${uri}" has a % that does not begin an escaped character.`, { cause });
  }
}

/** Whether a parameter that is a switch is on; libvirt writes it as 1. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

/** A parameter with a fixed set of values, the first of which is the default. */
export function choose<const T extends string>(target: Target, parameter: ClientParameter, values: readonly [T, ...T[]]): T {
  const given = target.parameters[parameter];
  if (given === undefined) return values[0];
  const value = values.find((one) => one === given);
  if (value !== undefined) return value;
  throw new ConnectionError('bad_uri', `The parameter ${parameter}=${given} must be one of ${values.join(', ')}.`);
}
