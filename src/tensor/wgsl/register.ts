import * as tf from '@tensorflow/tfjs-core';
import { ADAMW } from './adamw.ts';
import { ATTENTION } from './attention.ts';
import type { EngineBackend } from './backend.ts';
import { FLAT } from './flat.ts';
import type { Kernel } from './kernel.ts';
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

/** The face of an op on WebGPU. */
export interface Op {
  /** By the names that the ops ask for. */
  bodies: Record<string, Body>;
  /** What it dispatches in a training step of a policy with this size of heads, to be compiled ahead. */
  kernels: (backend: EngineBackend, headSize: number) => Kernel[];
}

const OPS = [MATMUL, RMS_NORM, ATTENTION, SWIGLU, ROWS, LOG_PROBS, POLICY_LOSS, ADAMW, SUM, FLAT];

/** Every kernel of a training step. */
export function trainingKernels(backend: EngineBackend, headSize: number): Kernel[] {
  return OPS.flatMap((op) => op.kernels(backend, headSize));
}

/** Registers the fused ops for the `webgpu` backend, whose device may change. */
export function registerWebGpuKernels(): void {
  for (const [kernelName, body] of OPS.flatMap((op) => Object.entries(op.bodies))) {
    if (tf.getKernel(kernelName, 'webgpu')) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) =>
        body(backend as EngineBackend, inputs as Inputs, (attrs ?? {}) as unknown as Attributes),
    });
  }
}
