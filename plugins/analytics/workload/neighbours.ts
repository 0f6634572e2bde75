import { formatValue } from '../../charts/port.ts';
import type { NoisyNeighbour } from '../port.ts';
import { quantile, type Points } from './features.ts';
import { aligned, correlation } from './likeness.ts';

/** Who is to blame when a VM waits? Whose work goes along with the waiting, and is more than its own. */

/** Share of the time, a vCPU, that it waits for a CPU of the host in its worst twentieth. */
const WAIT_MIN = 0.02;
/** Of a disk request, in its worst twentieth. */
const LATENCY_MIN_SECONDS = 0.01;
const CORRELATION_MIN = 0.6;
/** An hour of 5 minutes: with less, anything correlates. */
const ROWS_MIN = 12;

export interface Measured {
  readonly vm: { readonly id: string; readonly name: string };
  /** vCPUs that are busy. */
  readonly cpus: Points;
  /** Share of the time, a vCPU, that it waits for a CPU of the host. */
  readonly wait: Points;
  /** Bytes read and written, a second. */
  readonly diskBytes: Points;
  /** Mean time of a disk request, seconds. */
  readonly latency: Points;
}

const worst = ({ value }: Points): number =>
  quantile(
    value.toSorted((a, b) => a - b),
    0.95,
  );

interface Question {
  readonly for: NoisyNeighbour['for'];
  readonly waiting: Points;
  readonly workOf: (measured: Measured) => Points;
  readonly text: (name: string, correlation: string) => string;
}

function blamed(victim: Measured, others: readonly Measured[], { waiting, workOf, text, ...question }: Question): NoisyNeighbour[] {
  const correlated = (measured: Measured): number => {
    const { a, b } = aligned(waiting, workOf(measured));
    return a.length < ROWS_MIN ? 0 : correlation(a, b);
  };
  const own = correlated(victim);
  return others.flatMap((other) => {
    const found = correlated(other);
    // Who waits because it works itself has no one else to blame.
    if (found < CORRELATION_MIN || found <= own) return [];
    return [{ vm: other.vm, for: question.for, correlation: found, text: text(other.vm.name, found.toFixed(2)) }];
  });
}

/** Among VMs of the same host over the same day; the worst first. */
export function noisyNeighbours(victim: Measured, others: readonly Measured[]): NoisyNeighbour[] {
  const found: NoisyNeighbour[] = [];
  const [wait, latency] = [worst(victim.wait), worst(victim.latency)];
  const { name } = victim.vm;
  if (wait >= WAIT_MIN)
    found.push(
      ...blamed(victim, others, {
        for: 'cpu',
        waiting: victim.wait,
        workOf: ({ cpus }) => cpus,
        text: (other, r) =>
          `${name} waits up to ${formatValue(wait, 'ratio')} of its time for a CPU of the host, most when ${other} is busiest (correlation ${r}).`,
      }),
    );
  if (latency >= LATENCY_MIN_SECONDS)
    found.push(
      ...blamed(victim, others, {
        for: 'disk',
        waiting: victim.latency,
        workOf: ({ diskBytes }) => diskBytes,
        text: (other, r) =>
          `Disk requests of ${name} take up to ${formatValue(latency, 'seconds')}, longest when ${other} reads and writes most (correlation ${r}).`,
      }),
    );
  return found.toSorted((a, b) => b.correlation - a.correlation);
}
