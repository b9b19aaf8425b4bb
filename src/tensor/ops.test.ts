import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useWasm } from './device.ts';
import { nodeWasmFiles } from './node.ts';
import { differenceError, evaluateCase, OP_CASES } from './op_cases.ts';
import { relativeError } from './relative_error.ts';

beforeAll(() => useWasm(nodeWasmFiles(), 1));

describe.each(OP_CASES)('$name', (op) => {
  test('wasm kernels agree with the composition on cpu', async () => {
    await tf.setBackend('cpu');
    const reference = await evaluateCase(op);
    await tf.setBackend('wasm');
    const before = tf.memory().numTensors;
    const fused = await evaluateCase(op);
    expect(relativeError(fused.value, reference.value)).toBeLessThan(2e-4);
    fused.gradients.forEach((gradient, i) => {
      expect(relativeError(gradient, reference.gradients[i])).toBeLessThan(2e-3);
    });
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(2); // rotary tables of the case itself
  });

  test.skipIf(op.scale > 10)('gradient agrees with finite differences', async () => {
    await tf.setBackend('cpu');
    expect(await differenceError(op)).toBeLessThan(1);
  });
});
