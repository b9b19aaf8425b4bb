import type { DeviceInfo } from '../src/tensor/device.ts';
import { relativeError } from '../src/tensor/relative_error.ts';
import type { EngineReport } from './engine.ts';
import { expect, test } from './fixtures.ts';

declare global {
  interface Window {
    report(backend: 'wasm' | 'webgpu', threads?: number): Promise<EngineReport>;
    startDevice(backend: 'wasm', threads?: number): Promise<DeviceInfo>;
    memory(): Promise<{ bytes: number; sum: number }>;
  }
}

test('wasm and WebGPU agree on ops, on a training step, and on what they sample; threads change nothing', async ({
  page,
  modules,
}) => {
  await page.goto(`${modules}e2e/engine.html`);
  await page.waitForFunction(() => typeof window.report === 'function');
  const wasm = await page.evaluate(() => window.report('wasm', 3));
  const alone = await page.evaluate(() => window.report('wasm', 1));
  const webgpu = await page.evaluate(() => window.report('webgpu'));
  expect([wasm.device.backend, webgpu.device.backend]).toEqual(['wasm', 'webgpu']);
  expect([wasm.device.threads, alone.device.threads]).toEqual([3, 1]);
  expect(wasm).toEqual({ ...alone, device: wasm.device });
  test.info().annotations.push({ type: 'adapter', description: webgpu.device.adapter });
  for (const [i, op] of wasm.ops.entries()) {
    expect(relativeError(op.value, webgpu.ops[i].value), op.name).toBeLessThan(5e-4);
    op.gradients.forEach((gradient, j) => {
      expect(relativeError(gradient, webgpu.ops[i].gradients[j]), `gradient of ${op.name}`).toBeLessThan(
        2e-3,
      );
    });
  }
  expect(Math.abs(wasm.loss - webgpu.loss)).toBeLessThan(1e-5);
  expect(relativeError(wasm.gradient, webgpu.gradient)).toBeLessThan(5e-3);
  expect(relativeError(wasm.parameters, webgpu.parameters)).toBeLessThan(2e-2);
  expect(wasm.sampled).toEqual(webgpu.sampled);

  const { bytes, sum } = await page.evaluate(() => window.memory());
  expect(bytes).toBeLessThan(256 * 2 ** 20);
  expect(sum).toBe(6000);
});

test.describe('without isolation', () => {
  // Chrome takes the changed page for one from afar, and refuses its connection to the development server.
  test.use({ expectedErrors: [/websocket/i] });

  test('a page computes on one thread', async ({ page, modules }) => {
    await page.route('**/engine.html', async (route) => {
      const response = await route.fetch();
      const headers = Object.entries(response.headers()).filter(
        ([name]) => !name.startsWith('cross-origin-'),
      );
      await route.fulfill({ response, headers: Object.fromEntries(headers) });
    });
    await page.goto(`${modules}e2e/engine.html`);
    await page.waitForFunction(() => typeof window.startDevice === 'function');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await page.evaluate(() => window.startDevice('wasm', 4))).toEqual({
      backend: 'wasm',
      adapter: 'tfjs wasm + SIMD kernels, 1 thread',
      software: false,
      threads: 1,
    });
  });
});
