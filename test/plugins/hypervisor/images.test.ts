import * as fc from 'fast-check';
import { HubError } from 'novacron/plugin';
import { expect, test } from 'vitest';
import { parseImage } from '../../../plugins/hypervisor/images.ts';
import { inspectHead } from '../../../plugins/hypervisor/qcow2.ts';
import { codeOf } from '../../kit/collect.ts';
import { qcow2Head } from './qcow2-kit.ts';

const config = { imagePools: ['novacron', 'images'], isoDirs: ['/srv/iso'] };

test('no name leads out of the allowed pools and folders', async () => {
  const refused = [
    '../secret.qcow2',
    'images/../../etc/passwd',
    'other/debian.qcow2',
    '/etc/passwd',
    '/srv/iso/../../etc/shadow.iso',
    '/srv/iso/sub/a.iso',
    '/srv/iso//a.iso',
    '/srv/iso/a.qcow2',
    '/srv/iso/a\n.iso',
    'images/a b.qcow2',
    'images/',
    '',
    'x'.repeat(1000),
  ];
  for (const image of refused)
    expect([image, await codeOf(Promise.resolve().then(() => parseImage(image, config)))]).toEqual([image, 'image_unknown']);
});

test("the disk of a VM is nobody's image", async () => {
  const disk = '11111111-2222-8333-8444-555555555555-vda.qcow2';
  expect(await codeOf(Promise.resolve().then(() => parseImage(disk, config)))).toBe('image_unknown');
  expect(await codeOf(Promise.resolve().then(() => parseImage(`novacron/${disk}`, config)))).toBe('image_unknown');
});

/** Of what was accepted, what could lead elsewhere; undefined: nothing. */
function wayOut(image: string): string | undefined {
  try {
    const parsed = parseImage(image, config);
    if (parsed.is === 'volume' && config.imagePools.includes(parsed.pool) && /^[\w.+-]+$/.test(parsed.volume)) return undefined;
    if (parsed.is === 'iso' && /^\/srv\/iso\/[^/]+\.iso$/i.test(parsed.path)) return undefined;
    return parsed.is === 'tiny' ? undefined : image;
  } catch (error) {
    return HubError.is(error) && error.code === 'image_unknown' ? undefined : String(error);
  }
}

test('whatever is accepted is a plain file of an allowed place', () => {
  const part = fc.constantFrom('/', '..', '.', 'images', 'srv', 'iso', 'a.iso', 'x.qcow2', '\0', '\n', ' ', '%2e', '~');
  const image = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(image, (each) => {
      expect(wayOut(each)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test('names that are fine mean what they say', () => {
  expect(parseImage('tiny', config)).toEqual({ is: 'tiny' });
  expect(parseImage('debian-12.qcow2', config)).toEqual({ is: 'volume', pool: 'novacron', volume: 'debian-12.qcow2' });
  expect(parseImage('images/debian-12.qcow2', config)).toEqual({ is: 'volume', pool: 'images', volume: 'debian-12.qcow2' });
  expect(parseImage('/srv/iso/debian.iso', config)).toEqual({ is: 'iso', path: '/srv/iso/debian.iso' });
});

test('a head that makes QEMU open another file, or that lies, is told', () => {
  const problems = (head: Buffer) => {
    const image = inspectHead(head);
    return image.is === 'qcow2' ? image.problems.join() : image.is;
  };
  expect(problems(qcow2Head({ features: 4n }))).toContain('data in another file');
  expect(problems(qcow2Head({ dataFile: '/etc/shadow' }))).toContain('data in another file');
  expect(problems(qcow2Head({ features: 2n }))).toContain('corrupt');
  expect(problems(qcow2Head({ encryption: 2 }))).toContain('encrypted');
  expect(problems(qcow2Head({ version: 9 }))).toContain('unknown version 9');
  expect(problems(qcow2Head({ backingOffset: 1n << 40n, backingLength: 20 }))).toContain('outside its header');
  expect(problems(qcow2Head({}).subarray(0, 50))).toContain('cut off');
  expect(problems(Buffer.from('KDMV\0\0\0\0'))).toBe('other');
  expect(problems(Buffer.from('plain bytes'))).toBe('raw');
});

test('a plain head is read', () => {
  expect(inspectHead(qcow2Head({}))).toEqual({ is: 'qcow2', capacityBytes: 2 ** 26, backingFile: null, problems: [] });
  expect(inspectHead(qcow2Head({ backing: 'base.qcow2' }))).toMatchObject({ backingFile: 'base.qcow2', problems: [] });
});

test('no bytes make the inspection fail or run for ever', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, magic) => {
      const head = Buffer.concat([Buffer.from(magic ? 'QFI\xfb\0\0\0\x03' : '', 'latin1'), bytes]);
      expect(['qcow2', 'raw', 'other']).toContain(inspectHead(head).is);
    }),
    { numRuns: 500 },
  );
});
