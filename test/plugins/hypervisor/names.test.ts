import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { domainNameOf, isVmVolume, tag, vmName } from '../../../plugins/hypervisor/names.ts';
import { formatAge, formatBytes, MIB, parseBytes, sizeBytes } from '../../../plugins/hypervisor/sizes.ts';
import { codeOf } from '../../kit/collect.ts';

test('names with spaces, quotes, dots, slashes, XML or too many characters are refused', () => {
  for (const name of [
    '',
    ' ',
    'a b',
    'a"b',
    "a'b",
    '../x',
    'a/b',
    'a.b',
    '<x/>',
    'A',
    'é',
    '-a',
    'a-',
    'a\n',
    'x'.repeat(64),
    'x'.repeat(1000),
  ])
    expect([name, vmName.safeParse(name).success]).toEqual([name, false]);
  for (const name of ['a', 'web-1', '1', 'x'.repeat(63)]) expect([name, vmName.safeParse(name).success]).toEqual([name, true]);
  for (const bad of ['', 'a b', '<x>', 'x'.repeat(64), ',']) expect([bad, tag.safeParse(bad).success]).toEqual([bad, false]);
});

test('two VMs of different tenants never share a domain name', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
  fc.assert(
    fc.property(fc.tuple(label, label), fc.tuple(label, label), (a, b) => {
      fc.pre(a.join('/') !== b.join('/'));
      expect(domainNameOf(...a)).not.toBe(domainNameOf(...b));
    }),
  );
});

test('a tenant that is no label cannot become a part of a name', async () => {
  expect(await codeOf(Promise.resolve().then(() => domainNameOf('a.b', 'x')))).toBe('vm_name');
});

test('volumes tell whose they are', () => {
  expect(isVmVolume('11111111-2222-8333-8444-555555555555-vda.qcow2')).toBe(true);
  expect(isVmVolume('debian-12.qcow2')).toBe(false);
});

test('sizes are read as people write them', () => {
  for (const [text, bytes] of [
    ['512M', 512 * MIB],
    ['2G', 2 ** 31],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['96MB', 96 * MIB],
    ['1048576', MIB],
  ] as const)
    expect(parseBytes(text)).toBe(bytes);
  for (const text of ['', 'M', '-1G', '1X', '1e9', '0x10', '1G2', 'NaN', '9'.repeat(40)]) expect(parseBytes(text)).toBeNaN();
});

test('what comes out of a size may go in again', () => {
  const size = sizeBytes(MIB, 2 ** 50);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), fc.constantFrom('M', 'G', 'MiB'), (figure, unit) => {
      const bytes = size.parse(`${figure}${unit}`);
      expect(size.parse(bytes)).toBe(bytes);
    }),
  );
  expect(size.safeParse('1K').success).toBe(false);
  expect(size.safeParse({}).success).toBe(false);
});

test('sizes and ages are written as people read them', () => {
  expect([0, 1023, 96 * MIB, 1.5 * 2 ** 30, 2 ** 40].map(formatBytes)).toEqual(['0 B', '1023 B', '96 MiB', '1.5 GiB', '1 TiB']);
  expect([0, 90_000, 7_200_000, 864e5 * 12].map(formatAge)).toEqual(['less than a minute', '1 min', '2 h', '12 days']);
});
