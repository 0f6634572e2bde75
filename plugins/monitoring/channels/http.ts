import { HubError } from 'novacron/plugin';

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const ANSWER_LENGTH_MAX = 200;
/** Statuses with which the same call may succeed later. */
const isPassing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;

/** What the other side said, in short; its body is read only so far. */
async function shortText(answer: Response): Promise<string> {
  const text = await answer.text();
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, ANSWER_LENGTH_MAX);
}

/** Sends JSON; answers what the other side said. HubError `channel_unreachable` (retryable), `channel_refused` (retryable by its status). */
export async function postJson({ url, body, headers, signal }: Post): Promise<string> {
  const { host } = new URL(url);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    // A redirect would take the signature to somebody else.
    redirect: 'manual',
    signal,
  }).catch((cause: unknown) => {
    throw new HubError('channel_unreachable', `${host} cannot be reached.`, { status: 502, retryable: true, cause });
  });
  const said = await shortText(answer);
  if (answer.ok) return `HTTP ${answer.status}${said === '' ? '' : ` ${said}`}`;
  throw new HubError('channel_refused', `${host} answered ${answer.status}${said === '' ? '' : `: ${said}`}.`, {
    status: 502,
    retryable: isPassing(answer.status),
  });
}

/** HubError `channel_target_unknown` when the config has none of that name. */
export function targetOf<T>(targets: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(targets).join(', ') || 'none';
  throw new HubError('channel_target_unknown', `There is no ${what} "${name}" in the config (there are: ${known}).`, { status: 404 });
}
