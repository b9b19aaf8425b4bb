import * as tf from '@tensorflow/tfjs-core';
import type { PolicyConfig } from '../src/policy/config.ts';
import { createPolicy, disposePolicy, initialWeights } from '../src/policy/policy.ts';
import { type LossOptions, policyLoss } from '../src/rl/loss.ts';
import { LOSS_MODES } from '../src/rl/loss_modes.ts';
import { createOptimizer, disposeOptimizer } from '../src/rl/optimizer.ts';
import { type SupervisedMetrics, supervisedUpdate } from '../src/rl/supervised.ts';
import { updatePolicy } from '../src/rl/update.ts';
import { startDevice } from '../src/tensor/browser.ts';
import { memoryBytes } from '../src/tensor/memory.ts';
import { differenceError, evaluateCase, OP_CASES } from '../src/tensor/op_cases.ts';
import { random } from '../src/tensor/random.ts';
import { loseDevice } from '../src/tensor/webgpu.ts';
import type { EngineBackend } from '../src/tensor/wgsl/backend.ts';
import { CHUNK, FORMS, type Form, multiply, variantName } from '../src/tensor/wgsl/matmul.ts';
import { HARDWARE, SOFTWARE, tune } from '../src/tensor/wgsl/tune.ts';
import { updateOptions } from './engine.ts';

const backendOf = () => tf.backend() as EngineBackend;

/** Disagreement of each op's gradient with finite differences, on WebGPU. */
async function differences(): Promise<{ name: string; error: number }[]> {
  await startDevice('webgpu');
  const all = [];
  for (const op of OP_CASES) {
    if (op.scale <= 10) all.push({ name: op.name, error: await differenceError(op) });
  }
  return all;
}

/**
 * For each product and variant whether it gives the bits of the first one; and what a device would choose that is
 * measured as a GPU is.
 */
async function variants(): Promise<{ found: { name: string; same: boolean }[]; chosen: string }> {
  await startDevice('webgpu');
  const backend = backendOf();
  const found = [];
  const numbers = (shape: number[], stream: number) => {
    const source = random(3, stream);
    return tf.tensor(
      Float32Array.from({ length: shape[0] * shape[1] }, () => 2 * source.uniform() - 1),
      shape,
    );
  };
  const sizes: Record<Form, number[][]> = {
    nn: [[70, 24, 36]],
    nt: [[67, 68, 20]],
    tn: [[20, 70, 2 * CHUNK + 30]],
  };
  for (const form of FORMS) {
    for (const [m, n, k] of sizes[form]) {
      const a = numbers(form === 'tn' ? [k, m] : [m, k], 1);
      const b = numbers(form === 'nt' ? [n, k] : [k, n], 2);
      let first: Float32Array | undefined;
      for (const variant of [...HARDWARE, SOFTWARE]) {
        const out = multiply(backend, form, variant, a, b);
        const values = (await backend.read(out.dataId)) as Float32Array;
        backend.disposeData(out.dataId);
        first ??= values;
        const same = values.length === m * n && values.every((value, i) => value === first![i]);
        found.push({ name: `${form} ${variantName(variant)}`, same });
      }
      tf.dispose([a, b]);
    }
  }
  return { found, chosen: await tune(backend, 'measured as a GPU', false, CHUNK + 64) };
}

/** The row kernels' results when four lanes share a row, for comparison with those of one. */
async function lanes(count: number): Promise<{ name: string; value: number[]; gradients: number[][] }[]> {
  await startDevice('webgpu');
  backendOf().lanes = count;
  const found = [];
  for (const op of OP_CASES.filter(({ name }) => /norm|statistics/i.test(name))) {
    const { value, gradients } = await evaluateCase(op);
    found.push({ name: op.name, value: [...value], gradients: gradients.map((gradient) => [...gradient]) });
  }
  return found;
}

/** Every policy loss and its gradient by log-probability and entropy. */
async function losses(backend: 'wasm' | 'webgpu'): Promise<{ name: string; numbers: number[] }[]> {
  await startDevice(backend);
  const source = random(5, 1);
  const rows = 40;
  const draw = (low: number, high: number) =>
    Float32Array.from({ length: rows }, () => low + (high - low) * source.uniform());
  const [logProbs, entropy] = [tf.tensor1d(draw(-3, 0)), tf.tensor1d(draw(0, 2))];
  const inputs = {
    oldLogProbs: draw(-3, 0),
    advantages: draw(-2, 2),
    weights: draw(0, 0.1),
    lengths: [1, 4, 15, 20],
    referenceLogProbs: draw(-3, 0),
  };
  const found = [];
  for (const mode of LOSS_MODES) {
    for (const kl_loss_type of ['k1', 'k2', 'k3'] as const) {
      const options: LossOptions = {
        ...updateOptions,
        'policy_loss.loss_mode': mode,
        use_kl_loss: true,
        kl_loss_coef: 0.3,
        kl_loss_type,
      };
      const { value, grads } = tf.valueAndGrads((a, b) =>
        tf.mul(policyLoss(a as tf.Tensor1D, b as tf.Tensor1D, inputs, options), 2),
      )([logProbs, entropy]);
      const parts = await Promise.all([value, ...grads].map((tensor) => tensor.data()));
      found.push({ name: `${mode} ${kl_loss_type}`, numbers: parts.flatMap((part) => [...part]) });
    }
  }
  return found;
}

const config: PolicyConfig = {
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 4,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};

const tokens = (seed: number, length: number) => {
  const source = random(11, seed);
  return Array.from({ length }, () => source.int(config.vocab_size));
};

/** One reinforcement update of one micro-batch of four layers: what it dispatched, and the weights after it. */
async function update(): Promise<{ dispatches: Record<string, number>; total: number; weights: number[] }> {
  await startDevice('webgpu');
  const policy = createPolicy(config, initialWeights(config, 1));
  const optimizer = createOptimizer(policy);
  const groups = [0, 1].map((group) =>
    [0, 1, 2].map((i) => {
      const completion = tokens(10 * group + i, 5 + 7 * i);
      return {
        prompt: tokens(group, 9),
        completion,
        oldLogProbs: completion.map(() => -4),
        advantages: completion.map(() => i - 1),
      };
    }),
  );
  const dispatches: Record<string, number> = {};
  backendOf().onDispatch = (name) => {
    dispatches[name] = (dispatches[name] ?? 0) + 1;
  };
  const options = { ...updateOptions, entropy_coeff: 0.01, ppo_mini_batches: 1 };
  await updatePolicy(policy, optimizer, groups, () => 1e-3, options, { seed: 1, step: 1 });
  backendOf().onDispatch = undefined;
  const weights = [...(await policy.parameters.data())];
  disposeOptimizer(optimizer);
  disposePolicy(policy);
  return { dispatches, total: Object.values(dispatches).reduce((a, b) => a + b, 0), weights };
}

/** Supervised steps over batches of changing size; bytes of the device and tensors, every tenth of the way. */
async function train(steps: number): Promise<{ bytes: number[]; tensors: number[]; losses: number[] }> {
  await startDevice('webgpu');
  const policy = createPolicy(
    { ...config, num_hidden_layers: 1 },
    initialWeights({ ...config, num_hidden_layers: 1 }, 1),
  );
  const optimizer = createOptimizer(policy);
  const found = { bytes: [] as number[], tensors: [] as number[], losses: [] as number[] };
  for (let step = 1; step <= steps; step++) {
    const count = 1 + ((step * 7) % 5);
    const sequences = Array.from({ length: count }, (_, i) => ({
      prompt: [1, 2],
      completion: Array.from({ length: 3 + ((step * 13 + i) % 29) }, (_, t) => 3 + t),
    }));
    const { loss }: SupervisedMetrics = await supervisedUpdate(policy, optimizer, sequences, 3e-3, {
      ...updateOptions,
      weight_decay: 0,
    });
    if (step % (steps / 10) === 0) {
      found.bytes.push(memoryBytes());
      found.tensors.push(tf.memory().numTensors);
      found.losses.push(loss);
    }
  }
  disposeOptimizer(optimizer);
  disposePolicy(policy);
  return found;
}

/** Loses the device while an update is under way: what the update rejects with, and a sum on the next device. */
async function loss(): Promise<{ name: string; message: string; later: string; sum: number }> {
  await startDevice('webgpu');
  const policy = createPolicy(config, initialWeights(config, 1));
  const optimizer = createOptimizer(policy);
  const sequences = [{ prompt: [1, 2], completion: tokens(1, 30) }];
  const under = supervisedUpdate(policy, optimizer, sequences, 1e-3, updateOptions);
  loseDevice();
  const { name, message } = await under.then(
    () => new Error('the update went through'),
    (error: Error) => error,
  );
  const later = await supervisedUpdate(policy, optimizer, sequences, 1e-3, updateOptions).then(
    () => 'went through',
    (error: Error) => error.name,
  );
  disposeOptimizer(optimizer);
  disposePolicy(policy);
  await startDevice('webgpu');
  const sum = tf.sum(tf.tensor1d([1, 2, 3]));
  return { name, message, later, sum: (await sum.data())[0] };
}

Object.assign(window, { kernels: { differences, variants, lanes, losses, update, train, loss } });

export type Kernels = {
  differences: typeof differences;
  variants: typeof variants;
  lanes: typeof lanes;
  losses: typeof losses;
  update: typeof update;
  train: typeof train;
  loss: typeof loss;
};
