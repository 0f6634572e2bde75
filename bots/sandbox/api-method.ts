import type { Clock } from 'novacron/plugin';
import type { Refusal } from './block-limits.ts';
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
