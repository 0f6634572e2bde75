import { formatValue } from '../../charts/port.ts';
import type { Series } from '../port.ts';
import { daysOf, quantileOf, within, type VmEvidence } from './evidence.ts';
import type { Recommendation } from './recommendation.ts';

const DAY_MS = 86_400_000;
const LOOK_DAYS = 3;
const TIGHT_RATIO = 0.9;
/** What is used now shall be this much of what there is then. */
const COMFORT_RATIO = 0.75;
const STEP_BYTES = 256 * 2 ** 20;
const MIB = 2 ** 20;

/** Share of the time in which it used more than nine tenths of its memory. */
export const tightShare = ({ value }: Series, memoryBytes: number): number =>
  value.filter((used) => (used ?? 0) >= TIGHT_RATIO * memoryBytes).length / Math.max(1, value.length);

/** More memory for a VM that is short of it for more than a twentieth of the last days. */
export function findAddMemory({ vm, memory, now }: VmEvidence): Recommendation | undefined {
  const recent = within(memory, now - LOOK_DAYS * DAY_MS, now);
  const [usual, most] = [quantileOf(recent, 0.95), quantileOf(recent, 1)];
  if (usual === null || most === null || daysOf(recent) < LOOK_DAYS || usual < TIGHT_RATIO * vm.memoryBytes) return undefined;
  const memoryBytes = Math.ceil(most / COMFORT_RATIO / STEP_BYTES) * STEP_BYTES;
  const tight = tightShare(recent, vm.memoryBytes);
  return {
    key: `add-memory/${vm.id}`,
    kind: 'add-memory',
    subject: { kind: 'vm', id: vm.id, name: vm.name, tenant: vm.tenant },
    title: `Give ${vm.name} ${formatValue(memoryBytes - vm.memoryBytes, 'bytes')} more memory.`,
    before: { memoryBytes: vm.memoryBytes, tightRatio: tight },
    evidence: [
      `For ${formatValue(tight, 'ratio')} of the last ${LOOK_DAYS} days it used more than ${formatValue(TIGHT_RATIO, 'ratio')} of its ${formatValue(vm.memoryBytes, 'bytes')}.`,
    ],
    gains: [
      {
        what: `time above ${formatValue(TIGHT_RATIO, 'ratio')} of its memory saved`,
        unit: 'ratio',
        expected: tight,
        low: tight / 2,
        high: tight,
      },
    ],
    cost: `It is restarted once, and its host has ${formatValue(memoryBytes - vm.memoryBytes, 'bytes')} less for others.`,
    risk: 'A leak fills any memory: if it is full again within days, look for one.',
    undo: `vm resize ${vm.name} --memory ${Math.round(vm.memoryBytes / MIB)}M --restart`,
    suggestion: {
      action: 'vm.resize',
      label: 'Add memory',
      input: { vm: vm.id, memory: `${Math.round(memoryBytes / MIB)}M`, restart: true },
    },
  };
}
