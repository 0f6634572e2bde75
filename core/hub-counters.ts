import { Counter, Gauge, Registry } from 'prom-client';

export interface HubCounters {
  readonly registry: Registry;
  /** A call that passed the door or was refused there: `done`, `accepted`, `confirm`, or the code of the error. */
  called(action: string, end: string): void;
}

/** What Prometheus may know of the hub itself, beside what HTTP counts. */
export function createCounters(jobsOpen: () => number): HubCounters {
  const registry = new Registry();
  const registers = [registry];
  const calls = new Counter({
    name: 'novacron_calls_total',
    help: 'Calls at the door, by action and how they ended.',
    labelNames: ['action', 'end'],
    registers,
  });
  const open: Gauge = new Gauge({
    name: 'novacron_jobs_open',
    help: 'Jobs that have not ended.',
    registers,
    collect: () => open.set(jobsOpen()),
  });
  return { registry, called: (action, end) => calls.inc({ action, end }) };
}
