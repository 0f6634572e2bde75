import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Keys and configuration of an sshd that knows one user, root, by one key. */
export interface SshIdentity {
  /** The key that is let in, and one that is not. */
  readonly keyPath: string;
  readonly strangerKeyPath: string;
  /** The right key of the host, and that of another one under its name. */
  readonly knownHostsPath: string;
  readonly wrongKnownHostsPath: string;
  /** A script that runs the sshd, in whatever namespaces it is started. */
  readonly script: string;
}

export async function createSshIdentity(dir: string, port: number): Promise<SshIdentity> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const key = async (name: string) => {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(dir, name)]);
    return (await readFile(join(dir, `${name}.pub`), 'utf8')).trim();
  };
  const [host, other] = [await key('host'), await key('other-host')];
  await Promise.all([key('user'), key('stranger')]);
  await copyFile(join(dir, 'user.pub'), join(dir, 'authorized_keys'));
  await writeFile(join(dir, 'known'), `[127.0.0.1]:${port} ${host}\n`);
  await writeFile(join(dir, 'known-wrong'), `[127.0.0.1]:${port} ${other}\n`);
  const config = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: join(dir, 'host'),
    AuthorizedKeysFile: join(dir, 'authorized_keys'),
    PermitRootLogin: 'prohibit-password',
    PasswordAuthentication: 'no',
    UsePAM: 'no',
    StrictModes: 'no',
    PidFile: 'none',
  };
  await writeFile(
    join(dir, 'sshd_config'),
    Object.entries(config)
      .map((pair) => `${pair.join(' ')}\n`)
      .join(''),
  );
  return {
    keyPath: join(dir, 'user'),
    strangerKeyPath: join(dir, 'stranger'),
    knownHostsPath: join(dir, 'known'),
    wrongKnownHostsPath: join(dir, 'known-wrong'),
    script: `mkdir -p /run/sshd; exec /usr/sbin/sshd -D -e -f '${join(dir, 'sshd_config')}'`,
  };
}

/** Waits until something listens there. */
export async function listening(port: number): Promise<void> {
  const endsAt = Date.now() + 10_000;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('close', () => socket.destroy()).unref();
      setTimeout(() => socket.destroy(), 500);
    });
    if (open) return;
    if (Date.now() > endsAt) throw new Error(`Nothing listens on port ${port}.`);
    await sleep(20);
  }
}
