import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type InlineConfig, type Plugin } from 'vite';
import { ROOT } from '../../cli/site.ts';

const OUT = path.join(ROOT, 'node_modules', '.tracewright');

async function buildInto(outDir: string, config: InlineConfig): Promise<void> {
  await build({
    configFile: false,
    root: ROOT,
    base: './',
    logLevel: 'warn',
    publicDir: false,
    worker: { format: 'es' },
    ...config,
    // Nothing is minified: tfjs-backend-wasm starts its threads from the text of a function.
    build: {
      target: 'esnext',
      minify: false,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 10_000,
      reportCompressedSize: false,
      outDir,
      emptyOutDir: true,
      ...config.build,
    },
  });
}

/** Builds the benchmark's page and returns its directory. */
export async function buildBenchPage(): Promise<string> {
  const outDir = path.join(OUT, 'bench');
  const input = path.join(ROOT, 'bench', 'engine', 'index.html');
  await buildInto(outDir, { build: { rollupOptions: { input } } });
  return outDir;
}

/** Emscripten's code in tfjs-backend-wasm takes Node for a place where modules are CommonJS. */
const COMMON_JS = `import { createRequire as commonJsRequire } from 'node:module';
const require = commonJsRequire(import.meta.url);
const __dirname = import.meta.dirname;`;

/** Our modules find files beside themselves, and so must not think that they are where the bundle is. */
const sourcePlaces: Plugin = {
  name: 'source-places',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith(path.join(ROOT, 'src')) || !code.includes('import.meta.url')) return null;
    return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
  },
};

/** Builds the program of a contender under Node and returns its file: tfjs is published for bundlers. */
export async function buildBenchProcess(): Promise<string> {
  const outDir = path.join(OUT, 'bench-node');
  await buildInto(outDir, {
    plugins: [sourcePlaces],
    ssr: { noExternal: true },
    build: {
      ssr: path.join(ROOT, 'bench', 'engine', 'node.ts'),
      rollupOptions: {
        output: { banner: COMMON_JS, entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
      },
    },
  });
  return path.join(outDir, 'node.mjs');
}
