import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { useWasm } from './device.ts';
import { threadCount } from './kernel_threads.ts';
import { linear } from './matmul.ts';
import { nodeWasmFiles } from './node.ts';

test.each([
  ['one core', 0, 1, 1],
  ['two cores', 0, 2, 2],
  ['eight cores: one for the page', 0, 8, 7],
  ['many cores', 0, 64, 16],
  ['more than there are', 3, 2, 3],
])('threads: %s', (_, asked, cores, count) => expect(threadCount(asked, cores)).toBe(count));

test('refuses what is no number of threads', () => {
  expect(() => threadCount(-1, 4)).toThrow(/from 0 \(auto\) on, got -1/);
  expect(() => threadCount(1.5, 4)).toThrow(/got 1.5/);
});

test.each([1, 2])('says so before each kernel, on %i threads', async (threads) => {
  let kernels = 0;
  const onKernel = () => {
    kernels++;
  };
  await useWasm({ ...nodeWasmFiles(), onKernel }, threads);
  const x = tf.ones([64, 64]) as tf.Tensor2D;
  tf.tidy(() => linear(x, x));
  // Packing, then the product.
  expect(kernels).toBe(2);
  x.dispose();
});
