import { saveCheckpoint } from '../../policy/checkpoint.ts';
import type { PolicyConfig } from '../../policy/config.ts';
import { initialWeights } from '../../policy/policy.ts';
import { createTokenizer } from '../../policy/tokenizer.ts';
import type { Evaluation } from '../events.ts';
import { defaultConfig } from '../options.ts';
import type { RunData } from './run_data.ts';

/** A small policy with fresh weights, for tests. */
export function examplePolicy(seed = 0) {
  const tokenizer = createTokenizer();
  const shape: PolicyConfig = {
    vocab_size: tokenizer.vocabSize,
    hidden_size: 16,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    max_position_embeddings: 256,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
  };
  return saveCheckpoint(shape, initialWeights(shape, seed), tokenizer);
}

function evaluation(step: number, rate: number): Evaluation {
  const estimate = (value: number) => ({ value, low: value - 0.05, high: value + 0.05, count: 200 });
  return {
    step,
    measures: { 'pass@1': estimate(rate), trace_exact: estimate(rate / 2) },
    verdicts: { pass: rate, wrong_answer: 1 - rate },
    seconds: 2.5,
  };
}

/** A run of a few steps with everything that a run has, for tests. */
export function exampleRun(steps = 4): RunData {
  const each = <T>(make: (step: number) => T) => Array.from({ length: steps }, (_, i) => make(i + 1));
  return {
    config: { ...defaultConfig('grpo'), steps, seed: 3 },
    metrics: each((step) => ({ step, reward: 0.1 * step, 'rewards/code/mean': 0.1 * step, step_time: 1.25 })),
    rollouts: each((step) => ({
      step,
      source: 'code',
      group: 0,
      sample: 1,
      prompt_id: `task-${step}`,
      prompt: 'double "each"\n',
      completion: 'return 1, 2;',
      tokens: 5,
      terminated: true,
      verdict: 'pass',
      reward: 1,
      parts: { tests: 1 },
      advantage: -0.5,
    })),
    evaluations: {
      device: { backend: 'wasm', adapter: 'a test', software: false },
      before: evaluation(0, 0.2),
      during: [evaluation(2, 0.3)],
      after: evaluation(steps, 0.4),
    },
    policy: examplePolicy(),
    other: { 'checkpoints/step-2.bin': new Uint8Array([1, 2, 3]) },
  };
}
