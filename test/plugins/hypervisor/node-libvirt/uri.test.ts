import { describe, expect, test } from 'vitest';
import { findSocket } from '../../../../plugins/hypervisor/node-libvirt/src/transport/socket-path.ts';
import { sshArguments } from '../../../../plugins/hypervisor/node-libvirt/src/transport/ssh.ts';
import { parseUri } from '../../../../plugins/hypervisor/node-libvirt/src/uri.ts';

describe('a URI', () => {
  test.each([
    ['qemu:///system', { transport: 'unix', host: '', driverUri: 'qemu:///system' }],
    ['test:///default', { transport: 'unix', host: '', driverUri: 'test:///default' }],
    ['qemu://host/system', { transport: 'tls', host: 'host', port: undefined, driverUri: 'qemu:///system' }],
    ['qemu+tcp://host:1234/system', { transport: 'tcp', host: 'host', port: 1234, driverUri: 'qemu:///system' }],
    ['qemu+tls://[::1]:99/system', { transport: 'tls', host: '::1', port: 99, driverUri: 'qemu:///system' }],
    ['qemu+ssh:///system', { transport: 'ssh', host: 'localhost', driverUri: 'qemu:///system' }],
    ['remote+tls://host/', { transport: 'tls', host: 'host', driverUri: '' }],
  ])('%s goes where libvirt would go', (uri, target) => {
    expect(parseUri(uri)).toMatchObject(target);
  });

  test('parameters of the client are taken out, those of the daemon stay as they were written', () => {
    const target = parseUri('qemu+ssh://ad%40min@host/system?keyfile=/a%20b+c&%C3%BC=1%202&socket=/s&other&no_tty=1');
    expect(target.driverUri).toBe('qemu:///system?%C3%BC=1%202&other');
    expect(target.user).toBe('ad@min');
    expect(target.parameters).toEqual({ keyfile: '/a b+c', socket: '/s', no_tty: '1' });
  });

  test('the name that the daemon is asked for can be given', () => {
    expect(parseUri('qemu://host/system?name=qemu:///embed').driverUri).toBe('qemu:///embed');
  });

  test.each(['qemu://host/system?keyfile=%zz', 'qemu+unix://host/system', 'qemu+libssh://host/system', '://'])('%s is refused', (uri) => {
    expect(() => parseUri(uri)).toThrow(expect.objectContaining({ code: 'bad_uri' }));
  });
});

describe('the socket on this machine', () => {
  const at = (uri: string, there: string[], userId = 0) =>
    findSocket(parseUri(uri), { exists: (path) => there.includes(path), userId, runtimeFolder: '/run/user/1000' });
  const [direct, legacy] = ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'];

  test("is that of the driver's own daemon, or else of the one for all", () => {
    expect(at('qemu:///system', [direct, legacy])).toBe(direct);
    expect(at('qemu:///system', [legacy])).toBe(legacy);
    expect(at('remote:///', [direct, legacy])).toBe(legacy);
  });

  test('is the one that mode= and socket= ask for', () => {
    expect(at('qemu:///system?mode=legacy', [direct, legacy])).toBe(legacy);
    expect(() => at('qemu:///system?mode=direct', [legacy])).toThrow(expect.objectContaining({ code: 'connect_failed' }));
    expect(() => at('qemu:///system?mode=odd', [legacy])).toThrow(expect.objectContaining({ code: 'bad_uri' }));
    expect(at('qemu:///system?socket=/mine', [])).toBe('/mine');
  });

  test("is in the user's own folder for a session, which root has none of", () => {
    const mine = '/run/user/1000/libvirt/virtqemud-sock';
    expect(at('qemu:///session', [mine, direct], 1000)).toBe(mine);
    expect(at('qemu:///system', [mine, direct], 1000)).toBe(direct);
    expect(at('qemu:///session', [mine, direct], 0)).toBe(direct);
  });
});

describe('the words for ssh', () => {
  const words = (uri: string, terminal = false) => sshArguments(parseUri(uri), terminal);

  test('ask nobody anything without a terminal, and leave the check of the host key to ssh', () => {
    const before = words('qemu+ssh://me@host:2222/system').slice(0, -1);
    expect(before).toEqual(['-p', '2222', '-l', 'me', '-o', 'BatchMode=yes', '-T', '-e', 'none', '--', 'host']);
    expect(words('qemu+ssh://host/system', true)).not.toContain('BatchMode=yes');
    expect(words('qemu+ssh://host/system?no_tty=1', true)).toContain('BatchMode=yes');
  });

  test.each([
    ['no_verify=1', 'StrictHostKeyChecking=no'],
    ['known_hosts_verify=ignore', 'StrictHostKeyChecking=no'],
    ['known_hosts_verify=auto', 'StrictHostKeyChecking=accept-new'],
    ['keyfile=/a%20b/100%25', 'IdentityFile="/a b/100%%"'],
    ['known_hosts=/k', 'UserKnownHostsFile="/k"'],
  ])('%s becomes %s', (parameter, option) => {
    expect(words(`qemu+ssh://host/system?${parameter}`)).toContain(option);
  });

  test('whatever a path of the URI holds is one quoted word for the other shell', () => {
    expect(words(`qemu+ssh://host/x';reboot;'?proxy=netcat`).at(-1)).toContain(`'x'\\'';reboot;'\\'''`);
    expect(() => words('qemu+ssh://host/system?keyfile=%22')).toThrow(expect.objectContaining({ code: 'bad_uri' }));
  });
});
