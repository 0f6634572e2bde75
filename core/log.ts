import { pino } from 'pino';
import type { Log } from './contract.ts';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** For people at a terminal; else one JSON object a line. */
  readonly pretty?: boolean;
}

/** Structured logs on standard error: constant messages with fields; what looks secret is left out. */
export function createLog({ level, pretty = false }: LogOptions): (name: string) => Log {
  const redact = {
    paths: ['*.password', '*.token', '*.secret', 'password', 'token', 'secret', 'req.headers.authorization', 'req.headers.cookie'],
    censor: '***',
  };
  const transport = pretty
    ? { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } }
    : undefined;
  const root = transport ? pino({ level, redact, transport }) : pino({ level, redact }, pino.destination({ dest: 2, sync: false }));
  return (name) => root.child({ name });
}
