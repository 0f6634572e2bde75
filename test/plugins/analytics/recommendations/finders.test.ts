import { describe, expect, it } from 'vitest';
import { createForecasts } from '../../../../plugins/analytics/forecast/threads.ts';
import { findAddMemory } from '../../../../plugins/analytics/recommendations/add-memory.ts';
import { findGrowDisk } from '../../../../plugins/analytics/recommendations/grow-disk.ts';
import { outcomeOf } from '../../../../plugins/analytics/recommendations/outcome.ts';
import { findPowerOff } from '../../../../plugins/analytics/recommendations/power-off.ts';
import type { KeptRecommendation, Recommendation } from '../../../../plugins/analytics/recommendations/recommendation.ts';
import { findShrink } from '../../../../plugins/analytics/recommendations/shrink.ts';
import { findSpread } from '../../../../plugins/analytics/recommendations/spread.ts';
import type { HostStatus } from '../../../../plugins/hypervisor/port.ts';
import { DAY_MS, days, evidence, GIB, NOW, vm } from './series.ts';

const RULES = { daysMin: 7, cpuShortCost: 100 };

describe('taking away', () => {
  it('leaves a VM alone that needs what it has, or of which too little is known', () => {
    expect(findShrink(evidence(), RULES)).toBeUndefined();
    expect(findShrink(evidence({ cpus: days(6, () => 0.1), memory: days(6, () => GIB / 10) }), RULES)).toBeUndefined();
    expect(findShrink(evidence({ cpus: { at: [], value: [] }, memory: { at: [], value: [] } }), RULES)).toBeUndefined();
  });

  it('takes processors and memory that a week never needed, and says what each day alone would have taken', () => {
    const daily = days(7, (hour) => (hour % 24 < 8 ? 0.2 : 1.4));
    const found = findShrink(evidence({ cpus: daily, memory: days(7, () => GIB) }), RULES);
    expect(found).toMatchObject({
      title: 'Take 2 vCPUs and 2.75 GiB from web-1.',
      before: { vcpus: 4, memoryBytes: 4 * GIB },
      gains: [
        { what: 'vCPUs freed', expected: 2, low: 2, high: 2 },
        { what: 'memory freed', expected: 4 * GIB - 1280 * 2 ** 20 },
      ],
      suggestion: { action: 'vm.resize', input: { vm: 'vm-1', vcpus: 2, memory: '1280M', restart: true } },
    });
    expect(found?.evidence[0]).toBe('In 7 days it used 1.4 vCPUs of 4 at the most, and more than 2 never.');
  });

  it('does not count a peak of minutes for more than it costs', () => {
    const peaky = days(7, (hour) => (hour < 0.2 ? 4 : 0.3));
    expect(findShrink(evidence({ cpus: peaky }), { ...RULES, cpuShortCost: 1_000_000 })).toBeUndefined();
    expect(findShrink(evidence({ cpus: peaky }), RULES)?.suggestion.input).toMatchObject({ vcpus: 1 });
  });

  it('does not believe one or two quiet days after a busy week', () => {
    const quietFor = (quietDays: number) => days(7, (hour) => (hour > (7 - quietDays) * 24 ? 0.2 : hour % 24 < 12 ? 31.5 : 0.2));
    const large = vm({ vcpus: 32 });
    for (const quietDays of [0, 1, 2]) expect(findShrink(evidence({ vm: large, cpus: quietFor(quietDays) }), RULES)).toBeUndefined();
    expect(findShrink(evidence({ vm: large, cpus: quietFor(4) }), RULES)?.suggestion.input).toMatchObject({ vcpus: 1 });
  });

  it('takes no memory that was used once, nor so little that a restart is not worth it', () => {
    const once = days(7, (hour) => (hour < 0.1 ? 3.9 * GIB : GIB));
    expect(findShrink(evidence({ memory: once }), RULES)).toBeUndefined();
    expect(findShrink(evidence({ memory: days(7, () => 2.6 * GIB) }), RULES)).toBeUndefined();
  });
});

describe('switching off', () => {
  const idle = { cpus: days(7, () => 0.01), network: days(7, () => 10) };

  it('asks for a VM that did nothing for a week, and for no other', () => {
    expect(findPowerOff(evidence(idle), RULES)).toMatchObject({
      title: 'Switch off web-1, which does nothing.',
      gains: [{ expected: 4 * GIB }],
      undo: 'vm start web-1',
      suggestion: { action: 'vm.shutdown', input: { vm: 'vm-1' } },
    });
    expect(findPowerOff(evidence({ ...idle, network: days(7, () => 5_000) }), RULES)).toBeUndefined();
    expect(findPowerOff(evidence({ ...idle, cpus: days(7, (hour) => (hour % 24 < 1 ? 2 : 0)) }), RULES)).toBeUndefined();
    expect(findPowerOff(evidence({ ...idle, network: { at: [], value: [] } }), RULES)).toBeUndefined();
    expect(findPowerOff(evidence({ ...idle, vm: vm({ state: 'shut-off' }) }), RULES)).toBeUndefined();
  });
});

describe('giving', () => {
  it('gives memory to a VM that is short of it, so that it uses three quarters then', () => {
    expect(findAddMemory(evidence({ memory: days(7, () => 3.8 * GIB) }))).toMatchObject({
      title: 'Give web-1 1.25 GiB more memory.',
      gains: [{ unit: 'ratio', expected: 1 }],
      suggestion: { input: { memory: '5376M' } },
    });
    expect(findAddMemory(evidence({ memory: days(7, (hour) => (hour > 167 ? 3.9 * GIB : GIB)) }))).toBeUndefined();
  });

  it('asks for room on a disk that a forecast sees full within a week, and forecasts no other', async () => {
    const forecasts = createForecasts({ runningMax: 1, waitingMax: 4 });
    const signal = AbortSignal.timeout(20_000);
    const filling = { device: 'vda', capacityBytes: 10 * GIB, allocated: days(7, (hour) => (4 + hour / 36) * GIB, 3600) };
    const still = { device: 'vdb', capacityBytes: 10 * GIB, allocated: days(7, () => 5 * GIB, 3600) };
    const found = await findGrowDisk(evidence({ disks: [still, filling] }), { forecasts, signal });
    expect(found).toMatchObject([
      {
        key: 'grow-disk/vm-1/vda',
        undo: null,
        suggestion: { action: 'vm.disk.grow', input: { vm: 'vm-1', device: 'vda', size: '15360M' } },
      },
    ]);
    expect(found[0]?.evidence[0]).toMatch(/^It takes 8\.64 GiB of its 10 GiB, and 90 % of it in 0\.\d days \(perhaps in 0\.\d\)\.$/);
  });
});

describe('spreading', () => {
  const host = (id: string): HostStatus => ({
    id,
    name: id,
    uri: 'test:///default',
    state: { is: 'connected', since: 0 },
    cpus: 8,
    memoryBytes: 64 * GIB,
    accelerator: 'kvm',
  });
  const load = (id: string, ratio: number, vms: { name: string; cpus: number }[] = []) => ({
    host: host(id),
    cpu: days(1, () => ratio),
    vms: vms.map(({ name, cpus }) => ({ vm: vm({ id: name, name, host: id }), cpus })),
  });

  it('moves the busiest VM that the coolest host can take, and nothing where it would be as hot', () => {
    const hot = load('h1', 0.95, [
      { name: 'giant', cpus: 6 },
      { name: 'web', cpus: 2 },
    ]);
    const [cool, warm] = [load('h2', 0.3), load('h3', 0.55)];
    expect(findSpread(hot, [hot, cool, warm])).toMatchObject({
      title: 'Move web from h1 to h2.',
      suggestion: { action: 'vm.migrate', input: { vm: 'web', host: 'h2' } },
    });
    expect(findSpread(hot, [hot, warm])).toBeUndefined();
    expect(findSpread(cool, [hot, cool])).toBeUndefined();
  });
});

describe('what came of it', () => {
  const applied = (found: Recommendation | undefined): KeptRecommendation => ({
    ...found!,
    id: 'REC-1',
    state: 'applied',
    openedAt: NOW - DAY_MS,
    decidedAt: NOW - DAY_MS,
    decidedBy: 'operator',
    jobId: 'j',
    measured: null,
  });
  const advice = applied(findShrink(evidence({ cpus: days(7, () => 1.5) }), RULES));

  it('is kept when the gain is what was promised and nobody is short', () => {
    const after = evidence({ vm: vm({ vcpus: 2 }), cpus: days(1, () => 1.5) });
    expect(outcomeOf(advice, after)).toEqual({
      state: 'kept',
      measured: { at: NOW, gains: [2], text: 'vCPUs freed: 2 (promised 2).' },
    });
  });

  it('is missed when the VM is short now, or got another size', () => {
    expect(outcomeOf(advice, evidence({ vm: vm({ vcpus: 2 }), cpus: days(1, () => 2) }))).toMatchObject({
      state: 'missed',
      measured: { text: expect.stringContaining('at its limit for 100 %') as string },
    });
    expect(outcomeOf(advice, evidence({ vm: vm({ vcpus: 3 }), cpus: days(1, () => 1) }))?.state).toBe('missed');
  });

  it('is missed when somebody needed the VM that was switched off', () => {
    const off = applied(findPowerOff(evidence({ cpus: days(7, () => 0.01), network: days(7, () => 10) }), RULES));
    expect(outcomeOf(off, evidence({ vm: vm({ state: 'shut-off' }) }))?.state).toBe('kept');
    expect(outcomeOf(off, evidence())).toMatchObject({ state: 'missed', measured: { gains: [0] } });
  });
});
