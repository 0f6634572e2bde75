import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../kit/collect.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Program {
  readonly command: string;
  readonly files: Readonly<Record<string, string>>;
  args(folder: string, port: number): readonly string[];
}

/** Debian's own program on loopback, in a folder of its own, until it is disposed of. */
async function run({ command, files, args }: Program): Promise<{ readonly url: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'novacron-prometheus-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const port = await freePort();
  const child = spawn(command, args(folder, port), { stdio: 'ignore', cwd: folder });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await until(`${command} is ready`, () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const runAlertmanager = () =>
  run({
    command: '/usr/bin/prometheus-alertmanager',
    files: { 'config.yml': 'route: { receiver: none }\nreceivers: [{ name: none }]\n' },
    args: (folder, port) => [
      `--config.file=${join(folder, 'config.yml')}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
  });

/** A Prometheus whose one rule fires at once, and which sends its alerts to a hub. */
export const runPrometheus = (hub: { readonly url: string; readonly token: string }) =>
  run({
    command: '/usr/bin/prometheus',
    files: {
      'prometheus.yml': `
global: { evaluation_interval: 1s }
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{ targets: ['${new URL(hub.url).host}'] }]
      path_prefix: /api/v1/monitoring
      api_version: v2
      authorization: { credentials: '${hub.token}' }
`,
      'rules.yml': `
groups:
  - name: all
    rules:
      - alert: AlwaysWrong
        expr: vector(1)
        labels: { severity: page, vm: name-of-web }
        annotations: { summary: 'It is always wrong.' }
`,
    },
    args: (folder, port) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      // The first alert may come before Prometheus has looked where to send it.
      '--rules.alert.resend-delay=1s',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
