import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { buildIdentity } from './cli/build_identity.ts';
import { CONTENT_SECURITY_POLICY, ISOLATION_HEADERS } from './cli/isolation.ts';

const ROOT = import.meta.dirname;

/** Tests of the page and the terminal build with a scripted trainer instead of `workers/trainer.ts`. */
function scriptedTrainer(file: string): Plugin {
  return {
    name: 'scripted-trainer',
    enforce: 'pre',
    resolveId: (id) =>
      id.endsWith('/workers/trainer.ts?worker') ? `${path.resolve(ROOT, file)}?worker` : null,
  };
}

/** Names of the shipped policy's files, so that the page need not ask for files that are not there. */
function shippedPolicyFiles(): string[] {
  const directory = path.join(ROOT, 'public', 'policy');
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

/** Static hosts send no headers of ours, so the built page states its policy itself. */
const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
      injectTo: 'head-prepend',
    },
  ],
};

const trainer = process.env.TRACEWRIGHT_TRAINER;

export default defineConfig({
  root: ROOT,
  base: './',
  define: {
    SHIPPED_POLICY_FILES: JSON.stringify(shippedPolicyFiles()),
    TRACEWRIGHT_BUILD: JSON.stringify(buildIdentity()),
  },
  plugins: [contentSecurityPolicy, ...(trainer ? [scriptedTrainer(trainer)] : [])],
  worker: { format: 'es' },
  build: {
    target: 'esnext',
    // Wasm is fetched and compiled while it streams, never inlined into scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 10_000,
    reportCompressedSize: false,
    // How long plugins took is no news for whoever starts a training.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // Packages first met inside a worker would otherwise make the development server reload the page.
  optimizeDeps: {
    entries: ['index.html', 'workers/*.ts'],
    include: [
      'comlink',
      'acorn',
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgpu',
    ],
  },
  server: { headers: ISOLATION_HEADERS },
  preview: { headers: ISOLATION_HEADERS },
});
