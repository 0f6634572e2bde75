import { describe, expect, test } from 'vitest';
import type { Metric } from '../../../../core/contract.ts';
import { metrics } from '../../../../plugins/monitoring/metrics.ts';
import { translateFile } from '../../../../plugins/monitoring/rules/prometheus/rule-file.ts';
import { readyRule } from '../../../../plugins/monitoring/rules/source.ts';

const declared = new Map<string, Metric>(
  Object.entries(metrics).flatMap(([table, byName]) =>
    Object.entries(byName).map(([name, metric]): [string, Metric] => [`${table}.${name}`, metric]),
  ),
);
const names = { declared, given: { libvirt_cpu: 'vm.cpuRatio' } };

const fileOf = (expr: string, more = '') => `groups: [{ name: g, rules: [{ alert: SomeVMAlert, expr: ${JSON.stringify(expr)} ${more} }] }]`;

function one(expr: string, more = '') {
  const { rules, left } = translateFile(fileOf(expr, more), names);
  for (const { name, rule } of rules) readyRule({ id: name, rule, tenant: null }, declared);
  return rules[0]?.rule ?? left[0]?.reason;
}

describe('rules of Prometheus', () => {
  test.each([
    ['vm_cpu_ratio > 0.9', { metric: 'vm.cpuRatio', condition: { is: 'threshold', above: 0.9 } }],
    ['0.9 < vm_cpu_ratio', { metric: 'vm.cpuRatio', condition: { is: 'threshold', above: 0.9 } }],
    ['libvirt_cpu * 100 > 90', { metric: 'vm.cpuRatio', condition: { is: 'threshold', above: 0.9 } }],
    ['(1 - vm_memory_used_ratio) < 0.1', { metric: 'vm.memoryUsedRatio', condition: { is: 'threshold', above: 0.9 } }],
    [
      'rate(vm_disk_read_bytes_total{device="vda"}[5m]) > 1e6',
      { metric: 'vm.disk.readBytes', windowSeconds: 300, scope: { devices: ['vda'] }, condition: { is: 'rate', above: 1e6 } },
    ],
    ['increase(vm_disk_read_ops_total[10m]) > 600', { windowSeconds: 600, condition: { is: 'rate', above: 1 } }],
    ['deriv(vm_memory_used_bytes[1h]) > 1000', { windowSeconds: 3600, condition: { is: 'rate', above: 1000 } }],
    [
      'avg_over_time(vm_cpu_ratio{vm=~"web-.*|db-1"}[5m]) >= 0.5',
      { aggregate: 'mean', windowSeconds: 300, scope: { names: ['web-*', 'db-1'] }, condition: { is: 'threshold', above: 0.5 } },
    ],
    ['quantile_over_time(0.95, vm_cpu_ratio[1h]) < 0.1', { aggregate: 'p95', condition: { is: 'threshold', below: 0.1 } }],
    [
      'vm_disk_allocation_bytes / vm_disk_capacity_bytes * 100 > 90',
      { metric: 'vm.disk.allocationBytes', of: 'capacityBytes', condition: { is: 'threshold', above: 0.9 } },
    ],
    ['vm_cpu_ratio / vm_cpu_ratio offset 1w > 1.5', { condition: { is: 'past', compare: 'ratio', agoSeconds: 604_800, above: 1.5 } }],
    [
      'vm_memory_bytes - vm_memory_bytes offset 1d < -1024',
      { condition: { is: 'past', compare: 'difference', agoSeconds: 86_400, below: -1024 } },
    ],
    [
      'absent(vm_vcpus{vm="web-1", tenant="lab"})',
      { scope: { names: ['web-1'], tenant: 'lab' }, condition: { is: 'absence', seconds: 300 } },
    ],
    ['absent_over_time(host_memory_bytes[10m])', { metric: 'host.memoryBytes', condition: { is: 'absence', seconds: 600 } }],
  ])('%s is taken over', (expr, expected) => {
    expect(one(expr)).toMatchObject(expected);
  });

  test.each([
    ['up == 0', /"=="/],
    ['node_load1 > 5', /no metric "node_load1"/],
    ['sum by (vm) (vm_cpu_ratio) > 3', /sum\(\) over several things/],
    ['vm_cpu_ratio > 0.5 and vm_memory_used_ratio > 0.5', /"and" of two conditions/],
    ['predict_linear(vm_memory_used_bytes[6h], 3600) > 1', /forecast/],
    ['rate(vm_cpu_ratio[5m]) > 1', /which is a gauge: take deriv/],
    ['vm_cpu_ratio{vm!="a"} > 1', /excludes/],
    ['vm_cpu_ratio{vm=~"a[0-9]+"} > 1', /more than names/],
    ['vm_cpu_ratio{job="x"} > 1', /no label "job"/],
    ['quantile_over_time(0.9, vm_cpu_ratio[1h]) > 1', /quantile 0\.9/],
    ['vm_cpu_ratio > vm_memory_used_ratio', /compares two metrics/],
    ['vm_cpu_ratio > bool 1', /bool/],
    ['max_over_time(rate(vm_cpu_time_seconds_total[5m])[1h:1m]) > 1', /./],
    ['vm_cpu_ratio >', /does not parse/],
    ['vm_cpu_ratio offset 1w > 1', /past that is not compared/],
    ['vm_cpu_ratio', /compares nothing/],
    ['vm_cpu_ratio * 0 > 1', /by 0/],
    ['host_memory_bytes / vm_memory_bytes > 1', /of two metrics/],
  ])('%s is not, with the reason', (expr, reason) => {
    expect(one(expr)).toMatch(reason);
  });

  test('times, labels and annotations come along; names are made and kept apart; recording rules are listed', () => {
    const text = `
groups:
  - name: hosts
    rules:
      - alert: HostCPUHigh
        expr: host_cpu_ratio > 0.9
        for: 10m
        keep_firing_for: 5m
        labels: { severity: page, team: infra }
        annotations: { summary: Busy, description: "The host is busy: {{ $value }}" }
      - alert: HostCPUHigh
        expr: host_cpu_ratio > 0.99
      - record: host:cpu
        expr: avg(host_cpu_ratio)
`;
    const { rules, left } = translateFile(text, names);
    expect(rules.map(({ name }) => name)).toEqual(['host-cpu-high', 'host-cpu-high-2']);
    expect(rules[0]?.rule).toMatchObject({
      title: 'HostCPUHigh',
      severity: 'critical',
      forSeconds: 600,
      keepFiringSeconds: 300,
      labels: { team: 'infra' },
      help: 'Busy\nThe host is busy: {{ $value }}',
    });
    expect(left).toMatchObject([{ name: 'host:cpu', reason: expect.stringContaining('recording') }]);
    expect(() => translateFile('a: [', names)).toThrow(/not YAML/);
    expect(() => translateFile('a: 1', names)).toThrow(/no rule file/);
  });
});
