import { engine, getBackend, getKernel, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

type Attributes = Record<string, number | boolean | number[]>;

/** Whether the current backend has a fused kernel of this name (else the op runs as a composition of tfjs ops). */
export function hasFused(name: string): boolean {
  return getKernel(name, getBackend()) != null;
}

/** Runs a fused kernel of the current backend; check `hasFused` first. */
export function runFused(name: string, inputs: NamedTensorMap, attributes: Attributes = {}): Tensor[] {
  const outputs = engine().runKernel(name, inputs, attributes) as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}
