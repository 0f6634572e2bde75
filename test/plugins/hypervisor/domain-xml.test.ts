import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDomain } from '../../../plugins/hypervisor/domain-parse.ts';
import { domainXml, macOf, type DomainSpec } from '../../../plugins/hypervisor/domain-xml.ts';
import { bareMetadataElement, type VmMetadata } from '../../../plugins/hypervisor/metadata.ts';
import { find, parseXml, renderXml, textOf } from '../../../plugins/hypervisor/xml.ts';

const ID = '11111111-2222-8333-8444-555555555555';
const metadata: VmMetadata = {
  id: ID,
  name: 'web-1',
  tenant: 'default',
  owner: 'user-1',
  image: 'tiny',
  tags: ['web', 'prod'],
  createdAt: 1_700_000_000_000,
  trash: null,
};
const spec: DomainSpec = {
  domainName: 'web-1',
  metadata,
  vcpus: 2,
  memoryBytes: 96 * 2 ** 20,
  accelerator: 'tcg',
  boot: { is: 'kernel', kernelPath: '/pool/kernel', initrdPath: '/pool/initrd', commandLine: 'console=ttyS0' },
  disk: { path: '/pool/disk.qcow2', format: 'qcow2' },
  network: { is: 'user' },
  consoleLogPath: '/pool/console.log',
};

test('a domain without our note, or with the note of another, was made by others', () => {
  const foreign = domainXml(spec).replace(/<metadata>.*<\/metadata>/, '<metadata><app:info xmlns:app="urn:other" id="1"/></metadata>');
  expect(parseDomain(foreign).metadata).toBeNull();
  const copied = domainXml(spec).replace(`<uuid>${ID}`, '<uuid>99999999-2222-8333-8444-555555555555');
  expect(parseDomain(copied).metadata).toBeNull();
  const otherNamespace = domainXml(spec).replace('https://novacron.dev/xmlns/1', 'https://novacron.dev/xmlns/9');
  expect(parseDomain(otherNamespace).metadata).toBeNull();
});

test('what is defined is what is read back', () => {
  expect(parseDomain(domainXml(spec))).toEqual({
    id: ID,
    domainName: 'web-1',
    title: '',
    vcpus: 2,
    memoryBytes: 96 * 2 ** 20,
    disks: [{ device: 'vda', kind: 'disk', path: '/pool/disk.qcow2', format: 'qcow2' }],
    networks: ['user'],
    consoleLogPath: '/pool/console.log',
    metadata,
  });
});

test('the note of a VM in the trash says since when and whether it ran', () => {
  const trash = { at: 1_700_000_100_000, wasRunning: true, job: 'job-1' };
  expect(parseDomain(domainXml({ ...spec, metadata: { ...metadata, trash } })).metadata?.trash).toEqual(trash);
});

test('tags, images and paths of any kind stay what they are', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    fc.constantFrom('"><evil/>', '</nova:vm>', '../../x', '&quot;', "'", 'é\t\n'),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), text, text, (tags, image, path) => {
      // oxlint-disable-next-line no-control-regex
      fc.pre([...tags, image, path].every((each) => !/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(each)));
      const xml = domainXml({ ...spec, metadata: { ...metadata, tags, image }, disk: { path, format: 'raw' } });
      const parsed = parseDomain(xml);
      expect(parsed.metadata).toEqual({ ...metadata, tags, image });
      expect(parsed.disks).toEqual([{ device: 'vda', kind: 'disk', path, format: 'raw' }]);
      expect(parseXml(xml).children).toHaveLength(parseXml(domainXml(spec)).children.length);
    }),
    { numRuns: 200 },
  );
});

test('each way to boot and each network has its elements', () => {
  const cdrom = parseXml(domainXml({ ...spec, boot: { is: 'cdrom', path: '/isos/a.iso' }, network: { is: 'bridge', name: 'br0' } }));
  expect(renderXml(cdrom)).toContain('<source file="/isos/a.iso"/>');
  expect(renderXml(cdrom)).toContain('<source bridge="br0"/>');
  const kvm = renderXml(
    parseXml(domainXml({ ...spec, accelerator: 'kvm', boot: { is: 'disk' }, network: { is: 'network', name: 'default' } })),
  );
  expect(kvm).toContain('<domain type="kvm"');
  expect(kvm).toContain('mode="host-passthrough"');
  expect(kvm).toContain('<source network="default"/>');
  expect(kvm).not.toContain('tb-cache');
});

test('the note that libvirt is given alone has no prefix of its own', () => {
  expect(renderXml(bareMetadataElement(metadata))).not.toContain('nova:');
});

test('the network address follows from the id', () => {
  expect(macOf(ID)).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  expect(macOf(ID)).toBe(macOf(ID));
  expect(macOf(ID)).not.toBe(macOf('22222222-2222-8333-8444-555555555555'));
});

test("libvirt's own spelling of figures is understood", () => {
  const xml =
    "<domain type='kvm'><name>x</name><uuid>u</uuid><memory unit='KiB'>1048576</memory><vcpu placement='static' current='1'>4</vcpu></domain>";
  expect(parseDomain(xml)).toMatchObject({ memoryBytes: 2 ** 30, vcpus: 4, disks: [], metadata: null });
  expect(textOf(find(parseXml(xml), 'name'))).toBe('x');
});
