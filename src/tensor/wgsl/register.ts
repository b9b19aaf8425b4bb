import * as tf from '@tensorflow/tfjs-core';
import { ADAMW } from './adamw.ts';
import { ATTENTION } from './attention.ts';
import type { EngineBackend } from './backend.ts';
import { DECODE } from './decode.ts';
import { FLAT } from './flat.ts';
import { LOG_PROBS } from './log_probs.ts';
import { MATMUL } from './matmul.ts';
import { POLICY_LOSS } from './policy_loss.ts';
import { RMS_NORM } from './rms_norm.ts';
import { ROWS } from './rows.ts';
import { SUM } from './sum.ts';
import { SWIGLU } from './swiglu.ts';

type Inputs = Record<string, tf.TensorInfo>;
type Attributes = Record<string, number>;

/** One fused op: makes its outputs and records the dispatches that fill them. */
export type Body = (backend: EngineBackend, inputs: Inputs, attributes: Attributes) => tf.TensorInfo[];

const BODIES: Record<string, Body> = {
  ...MATMUL,
  ...RMS_NORM,
  ...ATTENTION,
  ...SWIGLU,
  ...ROWS,
  ...LOG_PROBS,
  ...ADAMW,
  ...SUM,
  ...FLAT,
  ...DECODE,
  ...POLICY_LOSS,
};

/** Registers the fused ops for the `webgpu` backend, whose device may change. */
export function registerWebGpuKernels(): void {
  for (const [kernelName, body] of Object.entries(BODIES)) {
    if (tf.getKernel(kernelName, 'webgpu')) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) =>
        body(backend as EngineBackend, inputs as Inputs, (attrs ?? {}) as unknown as Attributes),
    });
  }
}
