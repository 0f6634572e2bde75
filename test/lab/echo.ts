import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Machine } from './machine.ts';
import { inNetworkOf } from './namespaces.ts';

export interface EchoOptions {
  /** Time from one packet to the next. Default 10, least 2. */
  readonly intervalMs?: number;
}

export interface EchoResult {
  /** Up to the last one that was answered; whether later ones would have been is not known. */
  readonly sent: number;
  readonly answered: number;
  /** Longest time from one answer to the next, or to the end: what somebody talking to the guest noticed. */
  readonly longestGapMs: number;
  /** Of the round trips. */
  readonly medianMs: number;
}

/** Numbered packets under way, until somebody wants to know. */
export interface Echo extends AsyncDisposable {
  /** Stops sending and says what came back. */
  result(): Promise<EchoResult>;
}

const FIRST_ANSWER_TIMEOUT_MS = 10_000;

/**
 * Pings `address` from a machine, and resolves with the first answer. The answers come from the guest's kernel, so nothing in the guest
 * has to be running, or to be scheduled, for the measure to be right.
 */
export async function startEcho(from: Machine, address: string, { intervalMs = 10 }: EchoOptions = {}): Promise<Echo> {
  const [program, ...args] = inNetworkOf(from.pid);
  const child = spawn(program, [...args, 'busybox', 'ping', '-i', String(intervalMs / 1000), '-W', '1', address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const answers: { sequence: number; atMs: number; tripMs: number }[] = [];
  const lines = createInterface({ input: child.stdout });
  const first = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      const [, sequence, trip] = / seq=(\d+) .* time=([\d.]+) ms/.exec(line) ?? [];
      if (sequence === undefined) return;
      answers.push({ sequence: Number(sequence), atMs: performance.now(), tripMs: Number(trip) });
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const timeout = setTimeout(() => child.kill('SIGKILL'), FIRST_ANSWER_TIMEOUT_MS);
  await Promise.race([first, exited]);
  clearTimeout(timeout);
  if (answers.length === 0) throw new Error(`${address} does not answer ${from.name}.`);
  return {
    result: async () => {
      const endedAtMs = performance.now();
      await stop();
      const times = [...answers.map(({ atMs }) => atMs), endedAtMs];
      const trips = answers.map(({ tripMs }) => tripMs).toSorted((a, b) => a - b);
      return {
        sent: Math.max(...answers.map(({ sequence }) => sequence)) + 1,
        answered: new Set(answers.map(({ sequence }) => sequence)).size,
        longestGapMs: Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at))),
        medianMs: trips[Math.floor(trips.length / 2)] ?? 0,
      };
    },
    [Symbol.asyncDispose]: stop,
  };
}
