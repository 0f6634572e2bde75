import { formatValue } from '../../charts/port.ts';
import type { Workload } from '../port.ts';
import { quantileOf, type VmEvidence } from './evidence.ts';
import type { Recommendation } from './recommendation.ts';

/** Less than this of its memory has time. */
const FILLED_RATIO = 0.6;

/** Is so much in use that a leak would matter? Its workload need not be asked about otherwise. */
export const isFilled = ({ vm, memory }: VmEvidence): boolean => (quantileOf(memory, 1) ?? 0) >= FILLED_RATIO * vm.memoryBytes;

/** Restarts a VM that leaks before it runs full, at an hour that a person chooses. Undefined: it does not leak, or there is time. */
export function findRestart(evidence: VmEvidence, workload: Workload | undefined): Recommendation | undefined {
  const { vm, memory } = evidence;
  const leaks = workload?.class === 'leaking' || workload?.also.includes('leaking') === true;
  const [least, most] = [quantileOf(memory, 0), quantileOf(memory, 1)];
  if (!leaks || workload === undefined || least === null || most === null || !isFilled(evidence)) return undefined;
  return {
    key: `restart/${vm.id}`,
    kind: 'restart',
    subject: { kind: 'vm', id: vm.id, name: vm.name, tenant: vm.tenant },
    title: `Restart ${vm.name}, which leaks memory.`,
    before: { memoryUsedBytes: most },
    evidence: workload.evidence,
    gains: [{ what: 'memory won back', unit: 'bytes', expected: most - least, low: (most - least) / 2, high: most - least }],
    cost: 'What runs in it is away for a moment.',
    risk: `It leaks again: find what grows. Until then it is back at ${formatValue(most, 'bytes')} after as long as now.`,
    undo: null,
    suggestion: { action: 'vm.reboot', label: 'Restart it', input: { vm: vm.id } },
  };
}
