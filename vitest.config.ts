import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { libvirtHostMissing } from './test/kit/libvirt-host.ts';
import { SummaryReporter } from './test/kit/summary-reporter.ts';

/** Which project a test belongs to follows from what it is: a folder for the browser, an import for the hypervisor. */
function projectOf(file: string): 'unit' | 'real' | 'e2e' {
  const text = readFileSync(file, 'utf8');
  if (file.startsWith('test/e2e/') || text.includes("'playwright-core'")) return 'e2e';
  return file.startsWith('test/lab/') || text.includes('libvirt-host') ? 'real' : 'unit';
}

const files = globSync('test/**/*.test.{ts,tsx}').toSorted();
const missing = libvirtHostMissing();
const absent = files.flatMap((file) => {
  const needsHost = readFileSync(file, 'utf8').includes('libvirt-host');
  return missing === null || !needsHost ? [] : [{ file, project: projectOf(file), reason: `a hypervisor host cannot be had: ${missing}` }];
});
const filesOf = (project: string): string[] =>
  files.filter((file) => projectOf(file) === project && !absent.some((each) => each.file === file));

const project = (name: 'unit' | 'real' | 'e2e', order: number, timeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    // A project without a file of its own would otherwise take them all.
    include: filesOf(name).length > 0 ? filesOf(name) : [`test/no-${name}-tests-yet`],
    sequence: { groupOrder: order },
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', new SummaryReporter(absent)],
    globalSetup: ['./test/kit/postgres-setup.ts'],
    env: { TZ: 'UTC' },
    expect: { poll: { timeout: 15_000 } },
    projects: [project('unit', 0, 20_000), project('real', 1, 60_000), project('e2e', 2, 120_000)],
  },
});
