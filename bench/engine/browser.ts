import type { Backend, Contender } from './contender.ts';

async function describeAdapter(): Promise<string> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('bench: this browser gives no WebGPU adapter; use --device wasm');
  const { vendor, architecture, description } = adapter.info;
  return [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed adapter';
}

/** tfjs's backends as its documentation starts them. */
async function startTfjs(backend: Backend): Promise<string> {
  const tf = await import('@tensorflow/tfjs-core');
  if (backend === 'webgpu') {
    await import('@tensorflow/tfjs-backend-webgpu');
    await tf.setBackend('webgpu');
    return describeAdapter();
  }
  const [{ setWasmPaths, getThreadsCount }, plain, simd, threaded] = await Promise.all([
    import('@tensorflow/tfjs-backend-wasm'),
    import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'),
    import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'),
    import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'),
  ]);
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain.default,
    'tfjs-backend-wasm-simd.wasm': simd.default,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded.default,
  });
  await tf.setBackend('wasm');
  const threads = (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) ? getThreadsCount() : 1;
  return `wasm SIMD, ${threads} thread${threads === 1 ? '' : 's'}`;
}

/** The contenders in a page. */
export async function createContender(name: string, backend: Backend): Promise<Contender> {
  switch (name) {
    case 'tracewright': {
      const [{ tracewright }, { startDevice }] = await Promise.all([
        import('./tracewright.ts'),
        import('../../src/tensor/browser.ts'),
      ]);
      return tracewright(startDevice);
    }
    case 'tfjs':
      return (await import('./tfjs.ts')).plainTfjs(startTfjs);
    case 'jax-js': {
      const threads = `wasm SIMD, ${crossOriginIsolated ? navigator.hardwareConcurrency : 1} threads`;
      const describe = async () => (backend === 'webgpu' ? describeAdapter() : threads);
      return (await import('./jax.ts')).jaxJs(backend, describe);
    }
    default:
      throw new Error(`bench: no contender "${name}"`);
  }
}
