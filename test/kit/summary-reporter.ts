import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/** A test file that this machine cannot run. */
export interface AbsentFile {
  readonly file: string;
  readonly project: string;
  readonly reason: string;
}

/** Ends a run with one line that machines and people can read: `N passed, N failed, N skipped`; names each skipped test and why. */
export class SummaryReporter implements Reporter {
  readonly #absent: readonly AbsentFile[];
  #projects: readonly string[] = [];

  constructor(absent: readonly AbsentFile[] = []) {
    this.#absent = absent;
  }

  onInit(vitest: Vitest): void {
    this.#projects = vitest.projects.map(({ name }) => name);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      let cases = 0;
      for (const test of module.children.allTests()) {
        cases++;
        const { state } = test.result();
        // Pending: the run was cut off before it came to this test.
        if (state === 'pending') counts.failed++;
        else counts[state]++;
        if (state === 'skipped') console.log(`skipped: ${module.relativeModuleId}: ${test.fullName} (${reasonOf(test)})`);
      }
      // A file that could not be loaded has no tests, and a hook that failed is nobody's test; neither may pass unseen.
      if (module.errors().length > 0 || (cases === 0 && module.state() === 'failed')) counts.failed++;
    }
    counts.failed += errors.length;
    for (const { file, project, reason } of this.#absent) {
      if (!this.#projects.includes(project)) continue;
      counts.skipped++;
      console.log(`skipped: ${file} (${reason})`);
    }
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
}
