import { HubError } from 'novacron/plugin';
import { formatValue } from '../../charts/port.ts';
import type { Series, Workload, WorkloadClass } from '../port.ts';
import { climbOf, featuresOf, weekProfile, withoutGaps, type Climb, type Features } from './features.ts';

const DAYS_MIN = 2;

const percent = (ratio: number): string => formatValue(ratio, 'ratio');
const hour = (value: number): string => {
  const minutes = Math.round((value % 24) * 4) * 15;
  return `${String(Math.floor(minutes / 60) % 24).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')} UTC`;
};

interface Evidence {
  readonly cpu: Features;
  /** Of the share of memory in use; null while the guest does not tell it. */
  readonly memory: { readonly features: Features; readonly climb: Climb } | null;
}

interface Rule {
  readonly name: WorkloadClass;
  /** A sentence when it applies. */
  readonly says: (evidence: Evidence) => string | null;
}

/** What memory gains in a day, of all memory, at least, for it to be called a leak. */
const LEAK_PER_DAY = 0.005;
const STRONG = 0.4;

/** The first that applies is what a machine is called; others that apply as well are said beside it. */
const RULES: readonly Rule[] = [
  {
    name: 'leaking',
    says: ({ cpu, memory }) => {
      if (memory === null || memory.climb.tau < 0.7 || memory.climb.perDay < LEAK_PER_DAY || cpu.trend.tau > 0.6) return null;
      const drops = memory.climb.drops === 0 ? 'without ever falling' : `and fell sharply ${memory.climb.drops} times, as after a restart`;
      return `Memory in use climbed by ${percent(memory.climb.perDay)} of all memory a day ${drops}, while the CPU did no more than before.`;
    },
  },
  {
    name: 'idle',
    says: ({ cpu }) =>
      cpu.p99 < 0.1 && cpu.p95 < 0.05
        ? `Its CPU is below ${percent(Math.max(cpu.p95, 0.001))} for 95 % of the time, and never above 10 % for long.`
        : null,
  },
  {
    name: 'growing',
    says: ({ cpu }) => {
      const growth = cpu.mean === 0 ? 0 : (cpu.trend.perDay * cpu.days) / cpu.mean;
      if (cpu.days < 5 || cpu.trend.tau < 0.6 || growth < 0.2) return null;
      return `The daily mean of its CPU grew by ${percent(cpu.trend.perDay)} of the machine a day, ${percent(growth)} of its mean in ${Math.round(cpu.days)} days.`;
    },
  },
  {
    name: 'batch',
    says: ({ cpu: { runs, days } }) => {
      const often = runs.days / Math.max(1, days);
      const regular = runs.agreement > 0.9 && often > 0.6 && runs.count < 3 * days;
      if (!regular || runs.onShare > 0.35 || runs.on < 4 * Math.max(0.01, runs.off)) return null;
      return `It works in runs of about ${formatValue(runs.hours * 3600, 'seconds')} that begin near ${hour(runs.startHour)} (${runs.count} in ${Math.round(days)} days): ${percent(runs.on)} CPU then, ${percent(runs.off)} else.`;
    },
  },
  {
    name: 'weekly',
    says: ({ cpu: { weekStrength, dayStrength } }) =>
      weekStrength !== null && weekStrength > STRONG && weekStrength > dayStrength + 0.08
        ? `Hour and weekend tell ${percent(weekStrength)} of how its CPU varies in other weeks; the hour alone ${percent(Math.max(0, dayStrength))}.`
        : null,
  },
  {
    name: 'daily',
    says: ({ cpu: { dayStrength } }) =>
      dayStrength > STRONG ? `The hour of the day tells ${percent(dayStrength)} of how its CPU varies on other days.` : null,
  },
  {
    name: 'bursty',
    says: ({ cpu: { burstShare, variation, p99, median } }) =>
      (burstShare > 0.25 || variation > 0.8) && p99 > 3 * Math.max(0.02, median)
        ? `The busiest twentieth of the time did ${percent(burstShare)} of its work; at its peaks the CPU is at ${percent(p99)}, half of the time below ${percent(median)}.`
        : null,
  },
  {
    name: 'steady',
    says: ({ cpu }) =>
      `Its CPU is at ${percent(cpu.mean)} and varies by ${percent(cpu.variation)} of that, without a rhythm or a direction.`,
  },
];

/**
 * Says what kind of work a machine does, by its CPU (and memory) of the last days. HubError `workload_history_short` with less than two days.
 */
export function classify(cpu: Series, memory: Series): Omit<Workload, 'vm'> {
  const points = withoutGaps(cpu);
  const features = featuresOf(points);
  if (points.at.length < 24 || features.days < DAYS_MIN)
    throw new HubError(
      'workload_history_short',
      `There are ${features.days.toFixed(1)} days of history; ${DAYS_MIN} are needed to tell what kind of work it does.`,
      {
        status: 422,
      },
    );
  const used = withoutGaps(memory);
  const evidence = { cpu: features, memory: used.at.length < 24 ? null : { features: featuresOf(used), climb: climbOf(used) } };
  const said = RULES.flatMap(({ name, says }) => {
    const sentence = says(evidence);
    return sentence === null ? [] : [{ name, sentence }];
  });
  const [first = { name: 'steady' as const, sentence: '' }, ...others] = said;
  // That it is steady is said of what is nothing else.
  const also = others.filter(({ name }) => name !== 'steady');
  return {
    class: first.name,
    evidence: [first, ...also].map(({ sentence }) => sentence),
    also: also.map(({ name }) => name),
    days: features.days,
    cpuMean: features.mean,
    cpuP95: features.p95,
    profile: weekProfile(points),
    rhythm: Math.max(features.dayStrength, features.weekStrength ?? 0, 0),
  };
}
