import type { Series } from '../../../../plugins/analytics/port.ts';
import type { VmEvidence } from '../../../../plugins/analytics/recommendations/evidence.ts';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';

export const GIB = 2 ** 30;
export const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 0, 19, 12);

export const vm = (more: Partial<VmStatus> = {}): VmStatus => ({
  id: 'vm-1',
  name: 'web-1',
  tenant: 'default',
  tags: [],
  owner: null,
  host: 'h1',
  state: 'running',
  vcpus: 4,
  memoryBytes: 4 * GIB,
  managed: true,
  ...more,
});

/** A value every `stepSeconds` of the days that end at NOW; `valueOf` gets hours since their begin. */
export function days(count: number, valueOf: (hour: number) => number | null, stepSeconds = 300): Series {
  const steps = (count * 86_400) / stepSeconds;
  const at = Array.from({ length: steps }, (_, step) => NOW - (steps - step) * stepSeconds * 1000);
  return { at, value: at.map((_, step) => valueOf((step * stepSeconds) / 3600)) };
}

/** A VM that uses half of what it has. */
export const evidence = (more: Partial<VmEvidence> = {}): VmEvidence => ({
  vm: vm(),
  now: NOW,
  cpus: days(7, () => 3.5),
  memory: days(7, () => 3.4 * GIB),
  network: days(7, () => 1e6),
  disks: [],
  ...more,
});
