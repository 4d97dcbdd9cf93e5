import { defineConfig } from 'vitest/config';

// One project a workspace. Flows start processes, ttys and browsers: they get time, and run one file at a time.
export default defineConfig({
  test: {
    projects: [
      ...['protocol', 'firmware-host', 'cloud', 'simulator'].map((name) => ({
        test: { name, root: `./${name}`, include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 20_000 },
      })),
      './web/vitest.config.*',
      {
        test: {
          name: 'e2e',
          root: './e2e',
          include: ['flows/**/*.test.ts', 'harness/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
