import type { Clock } from 'novacron/plugin';
import { isRecord } from './block-shapes.ts';
import type { Refusal } from './block-limits.ts';
import { chatMethods } from './methods-chat.ts';
import { directoryMethods } from './methods-directory.ts';
import { fileMethods } from './methods-files.ts';
import { viewMethods } from './methods-views.ts';
import type { SocketMode } from './socket-mode.ts';
import type { Tickets } from './tickets.ts';
import type { Workspace } from './workspace.ts';

export type Args = Readonly<Record<string, unknown>>;
export type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };
export type Method = (args: Args) => Answer;

export interface ApiDeps {
  readonly workspace: Workspace;
  readonly tickets: Tickets;
  readonly sockets: SocketMode;
  readonly clock: Clock;
  /** `http://127.0.0.1:PORT` */
  readonly baseUrl: () => string;
}

export const fail = (error: string, messages: readonly string[] = []): Answer => ({
  ok: false,
  error,
  ...(messages.length > 0 && { response_metadata: { messages } }),
});

export const refuse = (refusal: Refusal): Answer => fail(refusal.error, refusal.messages);

/** Slack takes no request that it does not know; the prototype chain is no method either. */
export function createWebApi(deps: ApiDeps): (method: string, args: Args) => Answer {
  const methods = new Map<string, Method>(
    Object.entries({ ...chatMethods(deps), ...viewMethods(deps), ...fileMethods(deps), ...directoryMethods(deps) }),
  );
  return (name, args) => methods.get(name)?.(args) ?? fail('unknown_method');
}

/** Slack's clients send forms in which objects and lists are JSON, or one JSON object. */
export function parseArgs(body: string, contentType: string): Args | undefined {
  if (contentType.startsWith('application/json')) return parseObject(body === '' ? '{}' : body);
  const entries = [...new URLSearchParams(body)].map(([key, value]) => [key, parseValue(value)] as const);
  return Object.fromEntries(entries);
}

function parseObject(body: string): Args | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function parseValue(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
