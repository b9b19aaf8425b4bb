import path from 'node:path';
import { build } from 'vite';
import { ROOT } from '../../cli/site.ts';

/** Builds the benchmark's page and returns its directory. */
export async function buildBenchPage(): Promise<string> {
  const outDir = path.join(ROOT, 'node_modules', '.tracewright', 'bench');
  await build({
    configFile: path.join(ROOT, 'vite.config.ts'),
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: true,
      rollupOptions: { input: path.join(ROOT, 'bench', 'engine', 'index.html') },
    },
  });
  return outDir;
}
