import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { libvirtHostMissing } from './test/kit/libvirt-host.ts';
import { labMissing } from './test/lab/missing.ts';
import { SummaryReporter } from './test/kit/summary-reporter.ts';

type Project = 'unit' | 'service' | 'real' | 'e2e' | 'lab';

/** Which project a test belongs to follows from what it is: a folder for the browser or for the lab's own tests (`npm run test:lab`), an import for the hypervisor, or for a hub, PostgreSQL or another process. */
function projectOf(file: string): Project {
  const text = readFileSync(file, 'utf8');
  if (file.startsWith('test/e2e/') || text.includes("'playwright-core'")) return 'e2e';
  if (file.startsWith('test/lab/')) return 'lab';
  if (needsLab(file, text) || text.includes('libvirt-host')) return 'real';
  return [text, ...helpersOf(file, text)].some((each) => /kit\/(hub|postgres|state)\.ts'|'node:child_process'/.test(each))
    ? 'service'
    : 'unit';
}

const needsLab = (file: string, text: string): boolean => file.startsWith('test/lab/') || text.includes('lab/lab.ts');

/** The files of tests that a test imports, beside it or above. */
const helpersOf = (file: string, text: string): string[] =>
  [...text.matchAll(/from '(\.{1,2}\/[^']+\.ts)'/g)]
    .map(([, helper = '']) => join(dirname(file), helper))
    .filter((helper) => helper.startsWith('test/'))
    .map((helper) => readFileSync(helper, 'utf8'));

const files = globSync('test/**/*.test.{ts,tsx}').toSorted();
const missing = { host: libvirtHostMissing(), lab: labMissing() };

/** Why this machine cannot run a test; null when it can. */
function reasonAgainst(file: string): string | null {
  const text = readFileSync(file, 'utf8');
  if (missing.host !== null && text.includes('libvirt-host')) return `a hypervisor host cannot be had: ${missing.host}`;
  return missing.lab !== null && needsLab(file, text) ? `a lab cannot be had: ${missing.lab}` : null;
}

const absent = files.flatMap((file) => {
  const reason = reasonAgainst(file);
  return reason === null ? [] : [{ file, project: projectOf(file), reason }];
});
const filesOf = (project: string): string[] =>
  files.filter((file) => projectOf(file) === project && !absent.some((each) => each.file === file));

const project = (name: Project, order: number, timeoutMs: number) => ({
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
    projects: [
      project('unit', 0, 20_000),
      project('service', 1, 20_000),
      project('real', 2, 60_000),
      project('e2e', 3, 120_000),
      project('lab', 4, 60_000),
    ],
  },
});
