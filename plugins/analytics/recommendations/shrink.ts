import { formatValue } from '../../charts/port.ts';
import { lastingLimit, limitFor, needOf } from '../sizing/need.ts';
import type { Series } from '../port.ts';
import { dayByDay, daysOf, type VmEvidence } from './evidence.ts';
import type { Gain, Recommendation } from './recommendation.ts';
import { countText } from './words.ts';

export interface ShrinkRules {
  readonly daysMin: number;
  /** Being short of processors all the time is as bad as this many lying idle. */
  readonly cpuShortCost: number;
}

const MIB = 2 ** 20;
/** Memory is no load that waits: whoever has too little is killed. So it is the largest ever used, and a quarter more. */
const MEMORY_MARGIN = 1.25;
const MEMORY_STEP_BYTES = 64 * MIB;
const MEMORY_MIN_BYTES = 128 * MIB;
/** Less is not worth a restart. */
const MEMORY_GAIN_MIN_BYTES = 256 * MIB;
const MEMORY_GAIN_MIN_RATIO = 0.25;

interface Sizes {
  readonly vcpus: number;
  readonly memoryBytes: number;
}

const largest = ({ value }: Series): number => value.reduce<number>((most, each) => Math.max(most, each ?? 0), 0);

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** Whole processors. */
const cpusFor = (limit: number): number => Math.max(1, Math.ceil(limit));

function cpusNeeded(cpus: Series, now: number, { cpuShortCost: shortCost }: ShrinkRules): number | undefined {
  const need = needOf(cpus, { now });
  return need && cpusFor(limitFor(need, { shortCost }).value);
}

const memoryNeeded = (memory: Series): number => Math.max(MEMORY_MIN_BYTES, roundUp(largest(memory) * MEMORY_MARGIN, MEMORY_STEP_BYTES));

function sizesNeeded({ vm, cpus, memory, now }: VmEvidence, rules: ShrinkRules): Sizes {
  const limit = daysOf(cpus) >= rules.daysMin ? lastingLimit(cpus, { now, shortCost: rules.cpuShortCost }) : undefined;
  const vcpus = Math.min(vm.vcpus, limit === undefined ? vm.vcpus : cpusFor(limit));
  const needed = daysOf(memory) >= rules.daysMin ? memoryNeeded(memory) : vm.memoryBytes;
  const freed = vm.memoryBytes - needed;
  const isWorth = freed >= MEMORY_GAIN_MIN_BYTES && freed >= MEMORY_GAIN_MIN_RATIO * vm.memoryBytes;
  return { vcpus, memoryBytes: isWorth ? needed : vm.memoryBytes };
}

/** Each day alone would have asked for another size: those sizes are the interval. */
function gainOf(
  of: { readonly what: string; readonly unit: Gain['unit'] },
  now: number,
  then: { chosen: number; days: readonly number[] },
): Gain {
  const freed = then.days.map((needed) => Math.max(0, now - needed));
  return { ...of, expected: now - then.chosen, low: Math.min(now - then.chosen, ...freed), high: Math.max(now - then.chosen, ...freed) };
}

/** Takes away what a VM has not needed for a week. Undefined: it needs what it has, or too little is known. */
export function findShrink(evidence: VmEvidence, rules: ShrinkRules): Recommendation | undefined {
  const { vm, cpus, memory, now } = evidence;
  const { vcpus, memoryBytes } = sizesNeeded(evidence, rules);
  const [lessCpus, lessMemory] = [vm.vcpus - vcpus, vm.memoryBytes - memoryBytes];
  if (lessCpus === 0 && lessMemory === 0) return undefined;
  const what = [...(lessCpus > 0 ? [countText(lessCpus, 'vCPU')] : []), ...(lessMemory > 0 ? [formatValue(lessMemory, 'bytes')] : [])].join(
    ' and ',
  );
  const cpuDays = dayByDay(cpus, now).map((day) => cpusNeeded(day, now, rules) ?? vcpus);
  const gains = [
    ...(lessCpus > 0 ? [gainOf({ what: 'vCPUs freed', unit: 'count' }, vm.vcpus, { chosen: vcpus, days: cpuDays })] : []),
    ...(lessMemory > 0
      ? [
          gainOf({ what: 'memory freed', unit: 'bytes' }, vm.memoryBytes, {
            chosen: memoryBytes,
            days: dayByDay(memory, now).map(memoryNeeded),
          }),
        ]
      : []),
  ];
  return {
    key: `shrink/${vm.id}`,
    kind: 'shrink',
    subject: { kind: 'vm', id: vm.id, name: vm.name, tenant: vm.tenant },
    title: `Take ${what} from ${vm.name}.`,
    before: { vcpus: vm.vcpus, memoryBytes: vm.memoryBytes },
    evidence: [
      ...(lessCpus > 0 ? [cpuSentence(evidence, vcpus)] : []),
      ...(lessMemory > 0
        ? [
            `In ${daysOf(memory)} days it used ${formatValue(largest(memory), 'bytes')} of ${formatValue(vm.memoryBytes, 'bytes')} at the most.`,
          ]
        : []),
    ],
    gains,
    cost: 'It is restarted once.',
    risk: `A load that these ${daysOf(cpus)} days did not see would find it smaller.`,
    undo: `vm resize ${vm.name} --vcpus ${vm.vcpus} --memory ${Math.round(vm.memoryBytes / MIB)}M --restart`,
    suggestion: {
      action: 'vm.resize',
      label: 'Take it',
      input: {
        vm: vm.id,
        ...(lessCpus > 0 && { vcpus }),
        ...(lessMemory > 0 && { memory: `${Math.round(memoryBytes / MIB)}M` }),
        restart: true,
      },
    },
  };
}

function cpuSentence({ vm, cpus }: VmEvidence, vcpus: number): string {
  const short = cpus.value.filter((used) => (used ?? 0) > vcpus).length / Math.max(1, cpus.value.length);
  const often = short === 0 ? 'never' : `for ${formatValue(short, 'ratio')} of the time`;
  return `In ${daysOf(cpus)} days it used ${countText(largest(cpus), 'vCPU')} of ${vm.vcpus} at the most, and more than ${vcpus} ${often}.`;
}
