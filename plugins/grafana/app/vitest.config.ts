import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.spec.ts'],
    globalSetup: ['../../../test/kit/postgres-setup.ts'],
    env: { TZ: 'UTC' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Their modules for Node import names that an older package of theirs does not have; through Vite they load.
    server: { deps: { inline: [/@grafana\//] } },
  },
});
