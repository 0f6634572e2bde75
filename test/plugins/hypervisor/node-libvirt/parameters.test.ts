import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectionError, ParameterInput } from 'node-libvirt';
import { ParameterName } from 'node-libvirt';
import { cpuMap, cpusOf, cpusOfEach } from '../../../../plugins/hypervisor/node-libvirt/src/cpumap.ts';
import { integer64 } from '../../../../plugins/hypervisor/node-libvirt/src/integers.ts';
import { fromTypedParams, toTypedParams } from '../../../../plugins/hypervisor/node-libvirt/src/typed-params.ts';

function refusal(action: () => unknown): string {
  try {
    action();
    return 'done';
  } catch (error) {
    return (error as ConnectionError).code;
  }
}

describe('typed parameters', () => {
  test.each<[string, ParameterInput, unknown]>([
    ['a number where libvirt wants 64 bits', { total_iops_sec: 1000 }, { type: 'ullong', value: 1000n }],
    ['a bigint where libvirt wants 32 bits', { 'inbound.average': 5n }, { type: 'uint', value: 5 }],
    ['a negative quota', { vcpu_quota: -1 }, { type: 'llong', value: -1n }],
    ['a text', { [ParameterName.MIGRATE_PARAM_URI]: 'tcp://h2' }, { type: 'string', value: 'tcp://h2' }],
    ['a number nobody knows', { later: 7 }, { type: 'int', value: 7 }],
    ['a fraction nobody knows', { later: 0.5 }, { type: 'double', value: 0.5 }],
    ['a bigint nobody knows', { later: -7n }, { type: 'llong', value: -7n }],
    ['a switch', { cpu_cycles: true }, { type: 'boolean', value: true }],
    ['a value whose type is said', { total_iops_sec: { type: 'uint', value: 3 } }, { type: 'uint', value: 3 }],
  ])('%s', (...[, input, value]) => {
    expect(toTypedParams(input).map((one) => one.value)).toEqual([value]);
  });

  test('a list of texts is the same name several times', () => {
    expect(toTypedParams({ migrate_disks: ['vda', 'vdb'] }).map(({ field, value }) => [field, value.value])).toEqual([
      ['migrate_disks', 'vda'],
      ['migrate_disks', 'vdb'],
    ]);
  });

  test('what cannot be of the type libvirt wants is refused', () => {
    expect(refusal(() => toTypedParams({ total_iops_sec: 'many' }))).toBe('bad_argument');
    expect(refusal(() => toTypedParams({ total_iops_sec: 1.5 }))).toBe('bad_argument');
    expect(refusal(() => toTypedParams({ migrate_uri: 5 }))).toBe('bad_argument');
  });

  test('they are plain objects when they come', () => {
    const params = toTypedParams({ total_iops_sec: 1, group_name: 'g', cpu_cycles: false });
    expect(fromTypedParams(params)).toEqual({ total_iops_sec: 1n, group_name: 'g', cpu_cycles: false });
    expect(Object.keys(fromTypedParams([{ field: '__proto__', value: { type: 'int', value: 1 } }]))).toEqual(['__proto__']);
  });
});

describe('maps of CPUs', () => {
  test('the CPUs that go in come out again', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (cpus) => {
        expect(cpusOf(cpuMap(cpus))).toEqual(cpus.toSorted((a, b) => a - b));
      }),
    );
  });

  test('several maps stand one after the other', () => {
    expect(cpusOfEach(new Uint8Array([1, 0, 2, 128]), 2)).toEqual([[0], [1, 15]]);
  });

  test.each([-1, 1.5, 16_384, Number.NaN])('%d is not a CPU', (cpu) => {
    expect(refusal(() => cpuMap([cpu]))).toBe('bad_argument');
  });
});

test('a size is a whole number, and a large one a bigint', () => {
  expect([integer64(5), integer64(1n << 60n)]).toEqual([5n, 1n << 60n]);
  expect(refusal(() => integer64(1.5))).toBe('bad_argument');
  expect(refusal(() => integer64(2 ** 60))).toBe('bad_argument');
});
