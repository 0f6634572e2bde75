import { defineConfig } from 'vitest/config';
import { SummaryReporter } from '../../../test/kit/summary-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.spec.ts'],
    reporters: ['default', new SummaryReporter([])],
    globalSetup: ['../../../test/kit/postgres-setup.ts'],
    env: { TZ: 'UTC' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Their modules for Node import names that an older package of theirs does not have; through Vite they load.
    server: { deps: { inline: [/@grafana\//] } },
  },
});
