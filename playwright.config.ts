import { defineConfig } from '@playwright/test';
import { browserFlags, ensureBrowser } from './cli/browser.ts';

export default defineConfig({
  testDir: 'e2e',
  // Every test computes; two at once on a small machine would only slow each other down.
  workers: 1,
  // Generous, because a busy machine is not a failure.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  use: {
    launchOptions: { executablePath: ensureBrowser(), args: browserFlags('webgpu') },
  },
});
