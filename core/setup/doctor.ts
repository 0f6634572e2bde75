import { join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import type { Finding } from './finding.ts';
import { checkConfig, checkDatabase, checkHub } from './hub-checks.ts';
import { checkAccelerator, checkDisk, checkLibvirt, checkMemory, checkNode, checkPackages } from './machine-checks.ts';

export interface DoctorOptions {
  readonly dataDir: string;
  /** Path of plugins.json. */
  readonly config: string;
  readonly signal: AbortSignal;
  /** Default the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Looks at all that the hub needs on this machine. Changes nothing but the guest image and the kept finding of the accelerator probe. */
export async function doctor({ dataDir, config, signal, fetch = globalThis.fetch }: DoctorOptions): Promise<Finding[]> {
  const { findings, hub } = await checkConfig(config);
  const databaseUrl = hub?.databaseUrl ?? process.env['DATABASE_URL'];
  return [
    checkNode(),
    checkPackages(),
    await checkLibvirt(),
    await checkAccelerator(dataDir, signal),
    await checkDisk(dataDir),
    await checkMemory(),
    checkDatabase(dataDir, databaseUrl),
    ...findings,
    ...(hub ? await checkHub({ dataDir, host: hub.host, port: hub.port, fetch }) : []),
  ];
}

/** `novacron doctor [--config FILE] [--json]`; exit code 1 when something is bad. */
export async function runDoctor(argv: readonly string[], { dataDir }: { readonly dataDir: string }): Promise<number> {
  const config = { type: 'string', default: join(import.meta.dirname, '../../plugins.json') } as const;
  const { values } = parseArgs({ args: [...argv], options: { config, json: { type: 'boolean', default: false } } });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('Stopped by Ctrl-C.')));
  const findings = await doctor({ dataDir, config: resolve(values.config), signal: stop.signal });
  process.stdout.write(values.json ? `${JSON.stringify(findings)}\n` : findings.map(lineOf).join(''));
  return findings.some(({ is }) => is === 'bad') ? 1 : 0;
}

const COLOURS = { ok: 'green', warn: 'yellow', bad: 'red' } as const;

function lineOf(finding: Finding): string {
  const mark = styleText(COLOURS[finding.is], finding.is.padEnd(4), { stream: process.stdout });
  const todo = finding.is === 'ok' ? '' : `\n${' '.repeat(24)}→ ${finding.todo}`;
  return `${mark}  ${finding.what.padEnd(16)}  ${finding.why}${todo}\n`;
}
