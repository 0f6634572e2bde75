import { ConnectionError, ErrorCode, LibvirtError } from 'node-libvirt';
import { HubError } from 'novacron/plugin';
import { expect, test } from 'vitest';
import { orMissing, toHubError } from '../../../plugins/hypervisor/errors.ts';

const libvirt = (code: number, message: string): LibvirtError =>
  new LibvirtError(message, { code, domain: 10, level: 2, str1: null, str2: null, str3: null });

test.each([
  { what: 'a missing domain', error: libvirt(ErrorCode.NO_DOMAIN, 'Domain not found'), code: 'vm_gone', status: 404, retryable: false },
  {
    what: 'a wrong state',
    error: libvirt(ErrorCode.OPERATION_INVALID, 'domain is not running'),
    code: 'vm_state_wrong',
    status: 409,
    retryable: false,
  },
  {
    what: 'a full disk',
    error: libvirt(ErrorCode.INTERNAL_ERROR, 'qemu-img: error while writing: No space left on device'),
    code: 'disk_full',
    status: 507,
    retryable: false,
  },
  {
    what: 'no memory',
    error: libvirt(ErrorCode.INTERNAL_ERROR, "cannot set up guest memory 'pc.ram': Cannot allocate memory"),
    code: 'host_memory_short',
    status: 507,
    retryable: false,
  },
  {
    what: 'a taken name',
    error: libvirt(ErrorCode.OPERATION_FAILED, "domain 'a' already exists with uuid 1"),
    code: 'vm_name_taken',
    status: 409,
    retryable: false,
  },
  {
    what: 'a busy domain',
    error: libvirt(ErrorCode.OPERATION_TIMEOUT, 'cannot acquire state change lock'),
    code: 'host_busy',
    status: 503,
    retryable: true,
  },
  {
    what: 'a volume in the making',
    error: libvirt(ErrorCode.OPERATION_INVALID, "volume 'a' is still being allocated."),
    code: 'host_busy',
    status: 503,
    retryable: true,
  },
  {
    what: 'a missing volume',
    error: libvirt(ErrorCode.NO_STORAGE_VOL, 'Storage volume not found'),
    code: 'volume_unknown',
    status: 404,
    retryable: false,
  },
  {
    what: 'no permission',
    error: libvirt(ErrorCode.AUTH_UNAVAILABLE, 'authentication unavailable'),
    code: 'host_denied',
    status: 502,
    retryable: false,
  },
  { what: 'anything else', error: libvirt(ErrorCode.INTERNAL_ERROR, 'boom'), code: 'host_refused', status: 502, retryable: false },
  {
    what: 'a lost answer',
    error: new ConnectionError('connection_lost', 'It broke.'),
    code: 'host_unreachable',
    status: 503,
    retryable: true,
  },
  {
    what: 'no daemon',
    error: new ConnectionError('connect_failed', 'Connection refused.'),
    code: 'host_unreachable',
    status: 503,
    retryable: true,
  },
  { what: 'a silent daemon', error: new ConnectionError('timeout', 'No answer.'), code: 'host_unreachable', status: 503, retryable: true },
  { what: 'a password', error: new ConnectionError('auth_unsupported', 'SASL.'), code: 'host_refused', status: 502, retryable: false },
  { what: 'a programming error', error: new TypeError('x is not a function'), code: 'host_failed', status: 500, retryable: false },
])('$what has a code, a status, and says whether to try again', ({ error, code, status, retryable }) => {
  const mapped = toHubError('h1', error);
  expect(mapped).toMatchObject({ code, status, retryable });
  expect(mapped.message).toContain('h1');
  expect(mapped.message).toMatch(/\.$/);
});

test('an error that people can read already passes', () => {
  const error = new HubError('vm_limit', 'Too much.');
  expect(toHubError('h1', error)).toBe(error);
});

test('only "there is none" becomes undefined', async () => {
  expect(await orMissing('h1', Promise.reject(libvirt(ErrorCode.NO_DOMAIN, 'Domain not found')))).toBeUndefined();
  await expect(orMissing('h1', Promise.reject(new ConnectionError('connection_lost', 'It broke.')))).rejects.toMatchObject({
    code: 'host_unreachable',
  });
});
