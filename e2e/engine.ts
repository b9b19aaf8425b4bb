import * as tf from '@tensorflow/tfjs-core';
import type { PolicyConfig } from '../src/policy/config.ts';
import { createPolicy, disposePolicy, initialWeights } from '../src/policy/policy.ts';
import { sample } from '../src/policy/sampler.ts';
import { forward } from '../src/policy/transformer.ts';
import { tokenBatch } from '../src/rl/batches.ts';
import { lossAndGradient } from '../src/rl/gradient.ts';
import { policyLoss } from '../src/rl/loss.ts';
import { createOptimizer, disposeOptimizer } from '../src/rl/optimizer.ts';
import { type Experience, type UpdateOptions, updatePolicy } from '../src/rl/update.ts';
import { startDevice } from '../src/tensor/browser.ts';
import type { DeviceInfo } from '../src/tensor/device.ts';
import { tokenStatistics } from '../src/tensor/log_probs.ts';
import { memoryBytes } from '../src/tensor/memory.ts';
import { evaluateCase, OP_CASES } from '../src/tensor/op_cases.ts';
import { random } from '../src/tensor/random.ts';

const config: PolicyConfig = {
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};

/** Options of an update, as a training has them. */
export const updateOptions: UpdateOptions = {
  clip_ratio_low: 0.2,
  clip_ratio_high: 0.2,
  clip_ratio_c: 3,
  use_kl_loss: false,
  kl_loss_coef: 0,
  kl_loss_type: 'k3',
  'policy_loss.loss_mode': 'vanilla',
  'rollout.max_new_tokens': 64,
  entropy_coeff: 0.01,
  loss_agg_mode: 'token-mean',
  ppo_mini_batches: 2,
  ppo_epochs: 1,
  beta1: 0.9,
  beta2: 0.99,
  weight_decay: 0.01,
  grad_clip: 1,
};

/** Groups of made-up answers of unequal length, with old log-probabilities near those of fresh weights. */
function experience(): Experience[][] {
  const source = random(7, 1);
  const tokens = (length: number) => Array.from({ length }, () => source.int(config.vocab_size));
  return Array.from({ length: 4 }, () => {
    const prompt = tokens(source.between(3, 12));
    return Array.from({ length: 3 }, (_, i): Experience => {
      const completion = tokens(source.between(2, 20));
      const oldLogProbs = completion.map(() => -4.5 + 0.3 * source.uniform());
      return { prompt, completion, oldLogProbs, advantages: completion.map(() => i - 1) };
    });
  });
}

/** Everything that one backend computes for the same inputs; the test compares two of these. */
export interface EngineReport {
  device: DeviceInfo;
  ops: { name: string; value: number[]; gradients: number[][] }[];
  loss: number;
  gradient: number[];
  /** After one update of two mini-batches. */
  parameters: number[];
  sampled: number[][];
}

async function report(backend: 'wasm' | 'webgpu', threads?: number): Promise<EngineReport> {
  const device = await startDevice(backend, threads);
  const ops = [];
  for (const op of OP_CASES) {
    const { value, gradients } = await evaluateCase(op);
    ops.push({ name: op.name, value: [...value], gradients: gradients.map((gradient) => [...gradient]) });
  }
  const policy = createPolicy(config, initialWeights(config, 1));
  const optimizer = createOptimizer(policy);
  const groups = experience();
  const members = groups.flat();
  const batch = tokenBatch(members);
  const flat = (value: (member: Experience, i: number) => number) =>
    Float32Array.from(members.flatMap((member) => member.completion.map((_, i) => value(member, i))));
  const inputs = {
    oldLogProbs: flat((member, i) => member.oldLogProbs[i]),
    advantages: flat((member, i) => member.advantages[i]),
    weights: flat(() => 1 / batch.targets.length),
    lengths: members.map(({ completion }) => completion.length),
  };
  const step = lossAndGradient(policy, (weights) => {
    const { logProbs, entropy } = tokenStatistics(
      forward(policy, weights, batch.packed, batch.rows),
      batch.targets,
    );
    return policyLoss(logProbs, entropy, inputs, updateOptions);
  });
  const loss = (await step.loss.data())[0];
  const gradient = [...(await step.gradient.data())];
  tf.dispose([step.loss, step.gradient]);
  const prompts = groups.map(([{ prompt }]) => [...prompt]);
  const drawn = await sample(policy, prompts, {
    n: 2,
    maxNewTokens: 8,
    temperature: 1,
    topP: 1,
    eosId: 1,
    seed: 3,
    stream: 1,
  });
  await updatePolicy(policy, optimizer, groups, () => 1e-3, updateOptions, { seed: 1, step: 1 });
  const parameters = [...(await policy.parameters.data())];
  disposeOptimizer(optimizer);
  disposePolicy(policy);
  return { device, ops, loss, gradient, parameters, sampled: drawn.flat().map(({ tokens }) => tokens) };
}

/** Bytes that the device holds after tensors of 400 sizes came and went, 400 MB in all, and a sum that must survive. */
async function memory(): Promise<{ bytes: number; sum: number }> {
  const kept = tf.fill([1000], 2);
  for (let i = 0; i < 400; i++) tf.fill([250_000 + 97 * i], 1).dispose();
  const pending = tf.mul(kept, 3);
  const sum = (await tf.sum(pending).data())[0];
  tf.dispose([kept, pending]);
  return { bytes: memoryBytes(), sum };
}

Object.assign(window, { report, memory, startDevice });
