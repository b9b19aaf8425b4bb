import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'cli/**/*.test.ts'],
    // tfjs is published for bundlers: let Vite resolve its modules, so that all packages share one engine.
    server: { deps: { inline: [/@tensorflow\//] } },
  },
});
