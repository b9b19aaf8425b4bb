import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useWasm } from './device.ts';
import { nodeWasmFiles } from './node.ts';
import { evaluateCase, inputsOf, OP_CASES } from './op_cases.ts';
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

  test('gradient agrees with finite differences', async () => {
    await tf.setBackend('cpu');
    if (op.scale > 10) return; // too steep for differences in float32; compared with the composition above
    const { gradients } = await evaluateCase(op);
    const data = inputsOf(op.shapes, op.scale);
    const [weights] = inputsOf(
      [tf.tidy(() => op.apply(data.map((d, i) => tf.tensor(d, op.shapes[i])))).shape],
      1,
    );
    const loss = (): number =>
      tf.tidy(() => {
        const value = op.apply(data.map((d, i) => tf.tensor(d, op.shapes[i]))).dataSync() as Float32Array;
        return value.reduce((sum, y, i) => sum + y * weights[i], 0);
      });
    data.forEach((values, input) => {
      for (let at = 0; at < values.length; at += Math.max(1, Math.floor(values.length / 12))) {
        const old = values[at];
        const step = 1e-2 * op.scale;
        values[at] = old + step;
        const up = loss();
        values[at] = old - step;
        const down = loss();
        values[at] = old;
        const scale = gradients[input].reduce((sum, g) => sum + Math.abs(g), 0) / gradients[input].length;
        expect(Math.abs((up - down) / (2 * step) - gradients[input][at])).toBeLessThan(
          0.03 * scale + 0.03 * Math.abs(gradients[input][at]) + 1e-3,
        );
      }
    });
  });
});
