import { formatValue } from '../../charts/port.ts';
import type { Forecast, Forecasts, Series } from '../port.ts';
import { mayReach } from '../sizing/nearing.ts';
import { daysOf, type VmEvidence } from './evidence.ts';
import type { Recommendation } from './recommendation.ts';

const DAY_MS = 86_400_000;
const HOUR_SECONDS = 3600;
const FULL_RATIO = 0.9;
const LOOK_AHEAD_DAYS = 7;
const GROWTH = 1.5;
const STEP_BYTES = 2 ** 30;
const MIB = 2 ** 20;

type Disk = VmEvidence['disks'][number];

export interface GrowDiskOptions {
  readonly forecasts: Pick<Forecasts, 'forecast'>;
  readonly signal: AbortSignal;
}

/** When a disk reaches nine tenths of its size; null: not within what was looked at. Epoch milliseconds. */
interface Full {
  readonly soonest: number | null;
  readonly likely: number | null;
}

const last = ({ value }: Series): number => value.findLast((each) => each !== null) ?? 0;
function fullIn({ points }: Forecast, limit: number): Full {
  const crossed = (of: 'p50' | 'p90') => points.find((point) => point[of] >= limit)?.at ?? null;
  return { soonest: crossed('p90'), likely: crossed('p50') };
}

/** Asks for room on the disks that fill up within a week, while there is time. */
export async function findGrowDisk(evidence: VmEvidence, options: GrowDiskOptions): Promise<Recommendation[]> {
  const found: Recommendation[] = [];
  for (const disk of evidence.disks) {
    const approach = {
      limit: FULL_RATIO * disk.capacityBytes,
      direction: 'above',
      withinSeconds: LOOK_AHEAD_DAYS * 24 * HOUR_SECONDS,
    } as const;
    if (daysOf(disk.allocated) < 2 || !mayReach(disk.allocated, approach)) continue;
    const full = await fullOf(disk, options);
    if (full.likely !== null) found.push(growDisk(evidence, disk, full));
  }
  return found;
}

async function fullOf({ allocated, capacityBytes }: Disk, { forecasts, signal }: GrowDiskOptions): Promise<Full> {
  const limit = FULL_RATIO * capacityBytes;
  const now = (allocated.at.at(-1) ?? 0) + HOUR_SECONDS * 1000;
  if (last(allocated) >= limit) return { soonest: now, likely: now };
  const horizonSeconds = LOOK_AHEAD_DAYS * 24 * HOUR_SECONDS;
  const forecast = await forecasts.forecast(allocated, { horizonSeconds, stepSeconds: HOUR_SECONDS, maximum: capacityBytes, signal });
  return fullIn(forecast, limit);
}

function growDisk({ vm, now }: VmEvidence, { device, capacityBytes, allocated }: Disk, { soonest, likely }: Full): Recommendation {
  const capacity = Math.ceil((capacityBytes * GROWTH) / STEP_BYTES) * STEP_BYTES;
  const size = capacityBytes < STEP_BYTES ? Math.ceil((capacityBytes * GROWTH) / (64 * MIB)) * 64 * MIB : capacity;
  const days = (at: number | null): number => Math.max(0, ((at ?? now) - now) / DAY_MS);
  const when = days(likely) === 0 ? 'now' : `in ${days(likely).toFixed(1)} days (perhaps in ${days(soonest).toFixed(1)})`;
  return {
    key: `grow-disk/${vm.id}/${device}`,
    kind: 'grow-disk',
    subject: { kind: 'vm', id: vm.id, name: vm.name, tenant: vm.tenant },
    title: `Let disk ${device} of ${vm.name} grow to ${formatValue(size, 'bytes')}.`,
    before: { capacityBytes },
    evidence: [
      `It takes ${formatValue(last(allocated), 'bytes')} of its ${formatValue(capacityBytes, 'bytes')}, and ${formatValue(FULL_RATIO, 'ratio')} of it ${when}.`,
    ],
    gains: [{ what: 'room gained', unit: 'bytes', expected: size - capacityBytes, low: size - capacityBytes, high: size - capacityBytes }],
    cost: `Its pool has to hold up to ${formatValue(size - capacityBytes, 'bytes')} more.`,
    risk: 'None for the guest; its file system has to be told by itself.',
    undo: null,
    suggestion: { action: 'vm.disk.grow', label: 'Grow the disk', input: { vm: vm.id, device, size: `${Math.round(size / MIB)}M` } },
  };
}
