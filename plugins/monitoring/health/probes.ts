import { connect } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { ServiceCheck } from './config.ts';

/** What a service answered: a sentence for people, and figures. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly text: string;
  readonly values: Readonly<Record<string, number>>;
}

type Http = Extract<ServiceCheck, { is: 'http' }>;
type Certificate = Extract<ServiceCheck, { is: 'certificate' }>;

const BODY_BYTES_MAX = 256 * 1024;
const DAY_MS = 86_400_000;

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replaceAll(/[[\]]/g, ''), port: Number(address.slice(at + 1)) };
}

/** The reason behind the general words of a failure: `ECONNREFUSED`, what TLS did not like. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return `no answer within ${timeoutMs / 1000} s`;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message === '' ? code || cause.name : cause.message;
}

function opened<S extends ReturnType<typeof connect> | TLSSocket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  socket.once(event, () => resolve(socket));
  socket.once('error', reject);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    // What a socket that is given up has to say later is of no interest.
    socket.on('error', () => undefined);
  });
}

async function probeTcp({ address }: { readonly address: string }, signal: AbortSignal): Promise<ProbeResult> {
  const socket = connect(splitAddress(address));
  try {
    await opened(socket, 'connect', signal);
    return { ok: true, text: `${address} takes connections`, values: {} };
  } finally {
    socket.destroy();
  }
}

/** The beginning of a body: a service may answer without end. */
async function readStart(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= BODY_BYTES_MAX) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

async function probeHttp({ url, status, contains }: Http, signal: AbortSignal): Promise<ProbeResult> {
  const response = await fetch(url, { signal, redirect: 'manual', headers: { 'user-agent': 'novacron-health' } });
  const values = { status: response.status };
  const isRight = status === undefined ? response.status < 400 : response.status === status;
  if (!isRight || contains === undefined) {
    await response.body?.cancel();
    return { ok: isRight, text: `it answered ${response.status}${isRight ? '' : `, not ${status ?? 'below 400'}`}`, values };
  }
  const ok = (await readStart(response)).includes(contains);
  return { ok, text: ok ? `it answered ${response.status}` : `its answer does not have "${contains}"`, values };
}

/** Not whether it is trusted, which a check by HTTP says, but until when it is good. */
async function probeCertificate(
  { address, daysMin }: Certificate,
  { signal, now }: { signal: AbortSignal; now: number },
): Promise<ProbeResult> {
  const { host, port } = splitAddress(address);
  const socket = connectTls({ host, port, rejectUnauthorized: false, ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }) });
  try {
    await opened(socket, 'secureConnect', signal);
    const { valid_to: validTo } = socket.getPeerCertificate() as Partial<PeerCertificate>;
    const until = Date.parse(validTo ?? '');
    if (Number.isNaN(until)) return { ok: false, text: `${address} shows no certificate`, values: {} };
    const daysLeft = Math.floor((until - now) / DAY_MS);
    const when = daysLeft < 0 ? `expired ${-daysLeft} days ago` : `expires in ${daysLeft} days`;
    return { ok: daysLeft >= daysMin, text: `its certificate ${when}`, values: { daysLeft } };
  } finally {
    socket.destroy();
  }
}

/** Asks a service once. What goes wrong is the answer, not an error. */
export async function probe(
  check: ServiceCheck,
  options: { readonly timeoutMs: number; readonly now: number; readonly signal: AbortSignal },
): Promise<ProbeResult> {
  const { timeoutMs, now } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  const beganAt = performance.now();
  const ask = (): Promise<ProbeResult> => {
    switch (check.is) {
      case 'tcp':
        return probeTcp(check, signal);
      case 'http':
        return probeHttp(check, signal);
      case 'certificate':
        return probeCertificate(check, { signal, now });
    }
  };
  try {
    const result = await ask();
    return { ...result, values: { ...result.values, answeredMs: Math.round(performance.now() - beganAt) } };
  } catch (error) {
    options.signal.throwIfAborted();
    return { ok: false, text: reasonOf(error, timeoutMs), values: {} };
  }
}
