import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Generous, because a busy machine is not a failure.
    testTimeout: 30_000,
    include: ['src/**/*.test.ts', 'cli/**/*.test.ts'],
    // tfjs is published for bundlers: let Vite resolve its modules, so that all packages share one engine.
    server: { deps: { inline: [/@tensorflow\//] } },
  },
});
