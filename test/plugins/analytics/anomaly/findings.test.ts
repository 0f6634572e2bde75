import { describe, expect, it } from 'vitest';
import {
  fleetFinding,
  fleetsOf,
  joined,
  likeDismissed,
  metricOf,
  newFinding,
  type Subject,
} from '../../../../plugins/analytics/anomaly/findings.ts';
import type { Hit } from '../../../../plugins/analytics/anomaly/reading.ts';
import type { Anomaly } from '../../../../plugins/analytics/port.ts';

const NOW = Date.UTC(2026, 0, 19, 14, 5);

const subject = (name: string, tags: readonly string[] = [], more: Partial<Subject> = {}): Subject => ({
  kind: 'vm',
  id: name,
  name,
  tenant: 'default',
  tags,
  image: null,
  host: null,
  isUp: true,
  ...more,
});

const hit = (metric: string, { value, expected = 0.3, score = 9 }: { value: number; expected?: number; score?: number }): Hit => ({
  metric,
  entity: 'web-1',
  at: NOW,
  score,
  explanation: {
    value,
    since: NOW - 300_000,
    expected,
    range: { low: 0.2, middle: 0.3, high: 0.4 },
    parts: { time: 4, lasting: 1, level: 0, variation: 0, shape: 3 },
    days: 12,
    rows: 4000,
  },
});

const anomaly = (name: string, hits: readonly Hit[], number = 1): Anomaly => ({
  ...newFinding(
    subject(name),
    hits.map((each) => metricOf(each, { name }, 'ratio')),
    NOW,
  ),
  id: `AN-${number}`,
  state: 'open',
});

describe('a finding', () => {
  it('names the most unusual metric in full, with its past, and the others beside it', () => {
    const found = anomaly('web-1', [hit('vm.memoryUsedRatio', { value: 0.9 }), hit('vm.cpuRatio', { value: 0.92, score: 12 })]);
    expect(found.text).toBe(
      'CPU of web-1 is 92 % since 14:00 UTC; at this time of the last 12 days it was about 30 % (usually 20 % to 40 %). At the same time: memory used.',
    );
    expect(found.score).toBe(12);
  });

  it('is joined by more metrics, each once, at its most unusual', () => {
    const found = joined(anomaly('web-1', [hit('vm.cpuRatio', { value: 0.9 })]), [
      metricOf(hit('vm.cpuRatio', { value: 0.8, score: 8.5 }), { name: 'web-1' }, 'ratio'),
      metricOf(hit('vm.memoryUsedRatio', { value: 1, score: 10 }), { name: 'web-1' }, 'ratio'),
    ]);
    expect(found.metrics.map(({ metric, value }) => [metric, value])).toEqual([
      ['vm.memoryUsedRatio', 1],
      ['vm.cpuRatio', 0.9],
    ]);
  });
});

describe('what a person called none', () => {
  const dismissed = [anomaly('web-1', [hit('vm.cpuRatio', { value: 0.7 })])];

  it('covers the same metric on the same side, up to a tenth beyond', () => {
    expect(likeDismissed(hit('vm.cpuRatio', { value: 0.73 }), dismissed)?.id).toBe('AN-1');
    expect(likeDismissed(hit('vm.cpuRatio', { value: 0.4 }), dismissed)?.id).toBe('AN-1');
  });

  it('covers nothing larger, on the other side, in another metric or of another VM', () => {
    expect(likeDismissed(hit('vm.cpuRatio', { value: 0.8 }), dismissed)).toBeUndefined();
    expect(likeDismissed(hit('vm.cpuRatio', { value: 0.1 }), dismissed)).toBeUndefined();
    expect(likeDismissed(hit('vm.memoryUsedRatio', { value: 0.7 }), dismissed)).toBeUndefined();
    expect(likeDismissed({ ...hit('vm.cpuRatio', { value: 0.7 }), entity: 'web-2' }, dismissed)).toBeUndefined();
  });
});

describe('a fleet', () => {
  const found = (names: readonly string[]): Anomaly[] => names.map((name, i) => anomaly(name, [hit('vm.cpuRatio', { value: 1 })], i));

  it('is a tag, three and half of whose VMs changed', () => {
    const subjects = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => subject(name, name < 'g' ? ['web'] : ['db']));
    expect(fleetsOf(found(['a', 'b', 'c']), subjects, 3).map(({ trait, name, of }) => [trait, name, of])).toEqual([['tag', 'web', 6]]);
    expect(fleetsOf(found(['a', 'b', 'g']), subjects, 3)).toEqual([]);
    expect(fleetsOf(found(['a', 'b', 'c']), [...subjects, subject('h', ['web'])], 3)).toEqual([]);
  });

  it('is told by the tag that fits its VMs best', () => {
    const subjects = ['a', 'b', 'c', 'd'].map((name) => subject(name, name === 'd' ? ['all'] : ['all', 'web']));
    expect(fleetsOf(found(['a', 'b', 'c']), subjects, 3).map(({ name }) => name)).toEqual(['web']);
  });

  it('is what VMs were made from or where they are, and says so', () => {
    const made = ['a', 'b', 'c', 'd'].map((name) => subject(name, [], { image: 'debian-12.qcow2', host: name < 'd' ? 'h1' : 'h2' }));
    const [fleet, ...others] = fleetsOf(found(['a', 'b', 'c', 'd']), [...made, subject('e', [], { image: 'debian-12.qcow2' })], 3);
    expect(others).toEqual([]);
    expect(fleetFinding(fleet!, NOW)).toMatchObject({
      subject: { id: 'image:debian-12.qcow2', name: 'debian-12.qcow2', tenant: 'default' },
      text: expect.stringMatching(/^4 of 5 VMs made from image 'debian-12\.qcow2' changed at once: CPU\./) as string,
    });
    const [onHost] = fleetsOf(found(['a', 'b', 'c']), made, 3);
    expect(fleetFinding(onHost!, NOW).text).toMatch(/^3 of 3 VMs on host 'h1' changed at once/);
  });

  it('is told by the tag where tag, image and host fit its VMs equally well', () => {
    const subjects = ['a', 'b', 'c'].map((name) => subject(name, ['web'], { image: 'debian-12.qcow2', host: 'h1' }));
    expect(fleetsOf(found(['a', 'b', 'c']), subjects, 3).map(({ trait }) => trait)).toEqual(['tag']);
  });

  it('on a host that tenants share belongs to none of them', () => {
    const subjects = ['a', 'b', 'c', 'd'].map((name) => subject(name, [], { host: 'h1', tenant: name === 'd' ? 'other' : 'default' }));
    expect(fleetsOf(found(['a', 'b', 'c']), subjects, 3)).toMatchObject([{ trait: 'host', tenant: null, of: 4 }]);
    expect(fleetsOf(found(['a', 'b', 'c']), subjects.slice(0, 3), 3)).toMatchObject([{ trait: 'host', tenant: 'default', of: 3 }]);
  });

  it('does not count VMs that do not run, but those that stopped just now', () => {
    const subjects = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => subject(name, ['web'], { isUp: name < 'c' }));
    expect(fleetsOf(found(['a', 'b', 'c']), subjects, 3)).toMatchObject([{ name: 'web', of: 3 }]);
  });

  it('does not reach over the wall between tenants', () => {
    const subjects = ['a', 'b', 'c'].map((name) => ({ ...subject(name, ['web']), tenant: name === 'c' ? 'other' : 'default' }));
    expect(fleetsOf(found(['a', 'b', 'c']), subjects, 3)).toEqual([]);
  });
});
