import { formatValue } from '../../charts/port.ts';
import type { Series } from '../port.ts';
import { tightShare } from './add-memory.ts';
import { quantileOf, type VmEvidence } from './evidence.ts';
import type { KeptRecommendation, Measured, RecommendationKind } from './recommendation.ts';

/** A promise is rounded as well, so a hair beside it is kept. */
const TOLERANCE_RATIO = 0.02;
/** Short of what it has for more of the time than this, a smaller VM was made too small. */
const SHORT_RATIO_MAX = 0.05;
const AT_THE_LIMIT = 0.97;

const shareAtLimit = ({ value }: Series, limit: number): number =>
  value.filter((used) => (used ?? 0) >= AT_THE_LIMIT * limit).length / Math.max(1, value.length);

interface Seen {
  /** One for each promised gain. */
  readonly gains: readonly (number | null)[];
  /** What it cost that nobody wanted; null: nothing. */
  readonly harm: string | null;
}

type See = (given: KeptRecommendation, after: VmEvidence) => Seen;

const byWhat = (given: KeptRecommendation, figures: Readonly<Record<string, number>>): (number | null)[] =>
  given.gains.map(({ what }) => figures[what] ?? null);

const SEE: Readonly<Record<Exclude<RecommendationKind, 'spread' | 'scale'>, See>> = {
  shrink(given, { vm, cpus, memory }) {
    const short = Math.max(shareAtLimit(cpus, vm.vcpus), shareAtLimit(memory, vm.memoryBytes));
    const { vcpus = vm.vcpus, memoryBytes = vm.memoryBytes } = given.before;
    return {
      gains: byWhat(given, { 'vCPUs freed': vcpus - vm.vcpus, 'memory freed': memoryBytes - vm.memoryBytes }),
      harm: short > SHORT_RATIO_MAX ? `It was at its limit for ${formatValue(short, 'ratio')} of the time since.` : null,
    };
  },
  'power-off'(given, { vm }) {
    const isOff = vm.state === 'shut-off';
    return {
      gains: byWhat(given, { 'memory freed': isOff ? vm.memoryBytes : 0 }),
      harm: isOff ? null : 'Somebody needed it after all: it runs again.',
    };
  },
  'add-memory'(given, { vm, memory }) {
    const saved = (given.before['tightRatio'] ?? 0) - tightShare(memory, vm.memoryBytes);
    return { gains: given.gains.map(() => saved), harm: null };
  },
  restart(given, { memory }) {
    const won = (given.before['memoryUsedBytes'] ?? 0) - (quantileOf(memory, 1) ?? 0);
    return { gains: [won], harm: null };
  },
  'grow-disk'(given, { disks }) {
    const device = given.key.split('/')[2];
    const capacityBytes = disks.find((disk) => disk.device === device)?.capacityBytes;
    const room = capacityBytes === undefined ? null : capacityBytes - (given.before['capacityBytes'] ?? 0);
    return { gains: [room], harm: null };
  },
};

/** What came of advice that was followed; undefined: nobody can say. */
export function outcomeOf(given: KeptRecommendation, after: VmEvidence): { state: 'kept' | 'missed'; measured: Measured } | undefined {
  if (given.kind === 'spread' || given.kind === 'scale') return undefined;
  const { gains, harm } = SEE[given.kind](given, after);
  const isWithin = given.gains.every(({ low, high }, index) => {
    const gain = gains[index];
    const slack = TOLERANCE_RATIO * Math.abs(high);
    return gain === undefined || gain === null || (gain >= low - slack && gain <= high + slack);
  });
  const figures = given.gains.map((promised, index) => {
    const gain = gains[index];
    const measured = gain === undefined || gain === null ? 'not measured' : formatValue(gain, promised.unit);
    return `${promised.what}: ${measured} (promised ${formatValue(promised.expected, promised.unit)})`;
  });
  const text = [`${figures.join('; ')}.`, ...(harm === null ? [] : [harm])].join(' ');
  return { state: isWithin && harm === null ? 'kept' : 'missed', measured: { at: after.now, gains: [...gains], text } };
}
