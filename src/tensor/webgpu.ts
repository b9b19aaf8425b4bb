import * as tf from '@tensorflow/tfjs-core';
import type { DeviceInfo } from './device.ts';
import type { EngineBackend } from './wgsl/backend.ts';

/** Features that we ask for where the adapter has them. */
const WANTED: GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups' as GPUFeatureName];

/** The adapter of this page or worker; null when there is none. */
export async function requestAdapter(): Promise<GPUAdapter | null> {
  if (typeof navigator === 'undefined' || !navigator.gpu) return null;
  return navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
}

/** True for adapters that compute on the CPU. */
export function isSoftware({ info }: Pick<GPUAdapter, 'info'>): boolean {
  return (
    info.isFallbackAdapter ||
    /swiftshader|llvmpipe|software/i.test(`${info.architecture} ${info.description}`)
  );
}

/**
 * Starts tfjs's WebGPU backend on a device of our own, with the adapter's limits rather than the defaults, and our
 * kernels in the variants that are fastest on it. May be called again when the device was lost: the old one goes,
 * and with it every tensor. What waits for a result of a lost device rejects with DeviceLostError.
 */
export async function useWebGpu(adapter: GPUAdapter): Promise<DeviceInfo> {
  const { EngineBackend, SUBMIT_BATCH } = await import('./wgsl/backend.ts');
  const { registerWebGpuKernels } = await import('./wgsl/register.ts');
  const { tune } = await import('./wgsl/tune.ts');
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: WANTED.filter((feature) => adapter.features.has(feature)),
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    },
  });
  // Small tensors must not take another path than large ones: results would depend on the size.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', SUBMIT_BATCH);
  registerWebGpuKernels();
  const backend = new EngineBackend(device, adapter.info);
  // Importing tfjs's backend registers one on a device of its own choice; a later start replaces ours.
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => backend);
  if (!(await tf.setBackend('webgpu'))) throw new Error('useWebGpu(): tfjs did not accept the WebGPU device');
  const { vendor, architecture, description } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed adapter';
  const software = isSoftware(adapter);
  return { backend: 'webgpu', adapter: name, software, kernels: await tune(backend, name, software) };
}

/**
 * Compiles what a training step of a policy with heads of this size needs on `webgpu`, without blocking; without
 * it each kernel is compiled when first used. Does nothing on other backends.
 */
export async function compileAhead(headSize: number): Promise<void> {
  if (tf.getBackend() !== 'webgpu') return;
  const { trainingKernels } = await import('./wgsl/register.ts');
  const backend = tf.backend() as EngineBackend;
  await backend.pipelines.compile(trainingKernels(backend, headSize));
}

/** Loses the device on purpose, as a driver's reset would: for tests of what comes after. */
export function loseDevice(): void {
  (tf.backend() as EngineBackend).device.destroy();
}
