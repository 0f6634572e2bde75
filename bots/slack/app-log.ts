import { LogLevel, type Logger } from '@slack/bolt';
import type { Log } from 'novacron/plugin';

/** Tokens never reach a log, whatever the library prints. */
const redact = (text: string): string => text.replaceAll(/x(?:ox[a-z]|app)-[\w-]+/g, '***');

const textOf = (parts: readonly unknown[]): string =>
  redact(
    parts.map((part) => (part instanceof Error ? part.message : typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
  ).slice(0, 2_000);

/** Bolt's messages in the hub's log. Its information is our debugging. */
export function createAppLog(log: Log): Logger {
  return {
    debug: () => {},
    info: (...parts: unknown[]) => log.debug({ said: textOf(parts) }, 'Slack library'),
    warn: (...parts: unknown[]) => log.warn({ said: textOf(parts) }, 'Slack library'),
    error: (...parts: unknown[]) => log.warn({ said: textOf(parts) }, 'Slack library reports a failure'),
    setLevel: () => {},
    getLevel: () => LogLevel.INFO,
    setName: () => {},
  };
}
