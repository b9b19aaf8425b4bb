import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNodeSandbox } from '../sandbox/node.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { ALGORITHMS, type Config, OPTIONS } from './config.ts';
import { RunControl } from './control.ts';
import type { DeviceInfo, PolicyFiles, RolloutRecord, RunEvent, StepMetrics } from './events.ts';
import { fixedMetrics } from './fixed.ts';
import { resolveConfig } from './options.ts';
import { runTraining } from './training.ts';

const defaults = Object.fromEntries(
  Object.entries(OPTIONS).map(([key, { default: value }]) => [key, value]),
) as Config;
const small: Partial<Config> = {
  eval_every: 0,
  eval_tasks: 10,
  eval_final_tasks: 10,
  'rollout.max_new_tokens': 24,
  align_max_new_tokens: 24,
};

let sandbox: Sandbox;
let device: DeviceInfo;

interface Recorded {
  events: RunEvent[];
  metrics: StepMetrics[];
  rollouts: RolloutRecord[];
  files: PolicyFiles;
}

async function run(
  change: Partial<Config>,
  files: PolicyFiles = {},
  control = new RunControl(),
): Promise<Recorded> {
  const recorded: Recorded = { events: [], metrics: [], rollouts: [], files: {} };
  const config = { ...defaults, ...small, ...change } as Config;
  const emit = (event: RunEvent) => {
    recorded.events.push(event);
    if (event.type === 'step') recorded.metrics.push(event.metrics);
    if (event.type === 'rollouts') recorded.rollouts.push(...event.records);
    if (event.type === 'policy') recorded.files = event.files;
  };
  await runTraining({ config, policy: files, device, sandbox, emit, build: 'test' }, control);
  return recorded;
}

/** Everything but wall-clock, which no seed fixes. */
const withoutClock = (metrics: StepMetrics[]) => metrics.map(fixedMetrics);

const sft: Partial<Config> = {
  method: 'sft',
  steps: 60,
  'sft.execution_steps': 5,
  'sft.code_share': 0.7,
  'sft.code_lr': 5e-3,
  train_batch_size: 24,
  lr: 3e-3,
  lr_warmup_steps: 5,
  'policy.num_hidden_layers': 2,
};
const rl: Partial<Config> = { steps: 3, train_batch_size: 10, 'rollout.n': 4, lr: 1e-3, lr_warmup_steps: 1 };
let base: Recorded;

beforeAll(async () => {
  device = await useWasm(nodeWasmFiles());
  sandbox = await createNodeSandbox();
  base = await run(sft);
}, 60_000);
afterAll(() => sandbox.dispose());

describe('supervised training', () => {
  test('learns, and hands out a policy and two evaluations', () => {
    const losses = base.metrics.map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
    expect(base.events.filter(({ type }) => type === 'evaluation')).toHaveLength(2);
    expect(Object.keys(base.files)).toContain('model.safetensors');
    const card = new TextDecoder().decode(base.files['README.md']);
    expect(card).toMatch(/npm run train -- --method sft --steps 60 .*--set train_batch_size=24/);
    expect(card).toMatch(/\| pass@1 \| 0\.\d{3} \[/);
    expect(base.events.at(-1)).toEqual({ type: 'done', steps: 60, stopped: false });
  });
});

const others = ALGORITHMS.filter((name) => name !== 'grpo' && name !== 'dapo');
const variants: [string, Partial<Config>][] = [
  ...others.map((method): [string, Partial<Config>] => [method, { method }]),
  // Programs of this weak policy all fail, so that only their lengths can tell them apart.
  ['dapo', { method: 'dapo', 'filter_groups.metric': 'reward' }],
  ['coderl_plus on ppo', { algorithm: 'ppo' }],
  ['remax', { method: 'grpo', adv_estimator: 'remax' }],
  ['reinforce_plus_plus_baseline', { method: 'grpo', adv_estimator: 'reinforce_plus_plus_baseline' }],
  ['grpo_passk', { method: 'grpo', adv_estimator: 'grpo_passk' }],
  ['cispo', { method: 'grpo', 'policy_loss.loss_mode': 'cispo' }],
  [
    'whitened a task, k2 in the loss',
    { algorithm: 'reinforce_plus_plus', whiten_scope: 'task', use_kl_loss: true, kl_loss_type: 'k2' },
  ],
  ['coderl_plus on a prebuilt set', { align_set: 'prebuilt', align_prebuilt_batches: 1 }],
  ['coderl_plus, taught by supervised loss', { align_learning: 'supervised', align_rollouts: 'all' }],
  ['coderl_plus on trajectories', { align_target: 'trajectory' }],
  ['coderl_plus on outputs, shuffled', { align_target: 'output_only', align_truth: 'shuffled' }],
  [
    'coderl_plus by the paper, on passed programs',
    {
      align_reward: 'paper',
      align_input: 'first',
      align_value: 'end_of_program',
      align_rollouts: 'passed',
      align_ratio: 0.6,
    },
  ],
  ['truncated completions masked', { method: 'grpo', mask_truncated_completions: true }],
];
test.each(variants)(
  '%s trains, and leaves no tensor behind',
  async (_, change) => {
    const tensors = tf.memory().numTensors;
    const config = resolveConfig({ method: 'coderl_plus', ...change });
    const { metrics, files } = await run({ ...config, ...small, ...rl, steps: 2 }, base.files);
    expect(metrics).toHaveLength(2);
    for (const step of metrics) {
      for (const [name, value] of Object.entries(step)) expect(value, name).toSatisfy(Number.isFinite);
      expect(step['sampling/sampling_logp_difference/max']).toBeLessThan(1e-3);
      expect(step.padding_fraction).toBe(0);
      expect(step['sampling/sampling_logp_difference/mean']).toBeLessThan(1e-4);
    }
    expect(files['model.safetensors']).not.toEqual(base.files['model.safetensors']);
    expect(tf.memory().numTensors).toBe(tensors);
  },
  60_000,
);

describe.each(['grpo', 'coderl_plus'] as const)('%s', (method) => {
  test('gives the same metrics, rollouts and weights for the same seed, others for another', async () => {
    const tensors = tf.memory().numTensors;
    const [first, second, other] = [
      await run({ ...rl, method }, base.files),
      await run({ ...rl, method }, base.files),
      await run({ ...rl, method, seed: 1 }, base.files),
    ];
    expect(withoutClock(second.metrics)).toEqual(withoutClock(first.metrics));
    expect(second.rollouts).toEqual(first.rollouts);
    expect(second.files['model.safetensors']).toEqual(first.files['model.safetensors']);
    expect(withoutClock(other.metrics)).not.toEqual(withoutClock(first.metrics));
    expect(tf.memory().numTensors).toBe(tensors);
  }, 60_000);

  test('records every completion with its group, and trains at what was sampled', async () => {
    const { metrics, rollouts } = await run({ ...rl, method }, base.files);
    expect(rollouts).toHaveLength(3 * 10 * 4);
    for (const step of metrics) {
      const own = rollouts.filter((record) => record.step === step.step);
      expect(step.reward).toBeCloseTo(own.reduce((sum, { reward }) => sum + reward, 0) / own.length, 10);
      expect(step['sampling/sampling_logp_difference/max']).toBeLessThan(1e-3);
      expect(step.memory_bytes).toBe(metrics[0].memory_bytes);
    }
    for (let i = 0; i < rollouts.length; i += 4) {
      const group = rollouts.slice(i, i + 4);
      expect(new Set(group.map(({ prompt }) => prompt)).size).toBe(1);
      expect(group.reduce((sum, { advantage }) => sum + advantage, 0)).toBeCloseTo(0, 5);
    }
  }, 60_000);
});

test('CodeRL+ asks about failures from the second step on, in its share of the batch', async () => {
  const { metrics, rollouts } = await run({ ...rl, method: 'coderl_plus', steps: 2 }, base.files);
  expect(metrics[0]['prompts/alignment']).toBeUndefined();
  const kept = metrics[0]['alignment/kept'];
  expect(kept).toBeGreaterThan(0);
  expect(metrics[1]['prompts/alignment']).toBe(Math.min(4, kept));
  const counts = ['passed', 'not_runnable', 'no_values', 'duplicate', 'too_long', 'kept'].map(
    (name) => metrics[0][`alignment/${name}`],
  );
  expect(counts.reduce((a, b) => a + b, 0)).toBe(metrics[0]['alignment/candidates']);
  expect(
    rollouts.filter(({ source }) => source === 'alignment').every(({ verdict }) => verdict === undefined),
  ).toBe(true);
});

test('leaves the evaluation before out where it is not wanted', async () => {
  const { events } = await run({ ...rl, method: 'grpo', steps: 1, eval_before: false }, base.files);
  const names = events.flatMap((event) => (event.type === 'evaluation' ? [event.name] : []));
  expect(names).toEqual(['after']);
});

test('evaluates on validation tasks where told to', async () => {
  const before = async (eval_split: Config['eval_split']) => {
    const { events } = await run(
      { ...rl, method: 'grpo', steps: 1, eval_split, eval_final_tasks: 40 },
      base.files,
    );
    return events.find((event) => event.type === 'evaluation')!.evaluation.outcomes;
  };
  expect(await before('validation')).not.toEqual(await before('heldout'));
});

test('measures pass@k without bias where samples are asked for, and pass@1 of each family', async () => {
  const { events } = await run(
    { ...rl, method: 'grpo', steps: 1, eval_samples: 4, families: 'pipelines,counters,narrated' },
    base.files,
  );
  const last = events.findLast((event) => event.type === 'evaluation')!;
  const { measures, verdicts } = last.evaluation;
  expect(measures['sampled_pass@4'].value).toBeGreaterThanOrEqual(measures['sampled_pass@1'].value);
  expect(measures['pass@1/counters'].count).toBe(3);
  expect(measures['visible_pass@1'].value).toBeGreaterThanOrEqual(measures['pass@1'].value);
  expect(Object.values(verdicts).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
});

test('a KL penalty pulls towards the starting policy', async () => {
  const distance = async (change: Partial<Config>) => {
    const { files } = await run({ ...rl, method: 'grpo', steps: 2, ...change }, base.files);
    return files['model.safetensors'];
  };
  expect(await distance({ use_kl_loss: true, kl_loss_coef: 1 })).not.toEqual(await distance({}));
});

test('stops when asked and still hands out what there is', async () => {
  const control = new RunControl();
  control.stop();
  const { events, files } = await run({ ...rl, method: 'grpo', steps: 50 }, base.files, control);
  expect(events.at(-1)).toEqual({ type: 'done', steps: 0, stopped: true });
  expect(files['model.safetensors']).toEqual(base.files['model.safetensors']);
});

test('says when nothing earns a reward', async () => {
  const { events } = await run({ ...rl, method: 'grpo', steps: 5, 'rollout.max_new_tokens': 2 }, base.files);
  expect(events).toContainEqual({
    type: 'warning',
    message: expect.stringMatching(/no program has passed in 5 steps.*--method sft/),
  });
});

test('refuses what it could not use before it computes anything', async () => {
  await expect(run({ ...sft, align_max_prompt_tokens: 250 })).rejects.toThrow(
    /needs 274 positions, but the policy has 256/,
  );
  await expect(run({ ...sft, 'sft.code_share': 0.9, 'sft.output_share': 0.2 })).rejects.toThrow(
    /shares end at 1/,
  );
});

test('says that rewards need a starting policy', async () => {
  await expect(run({ method: 'grpo' })).rejects.toThrow(/needs a starting policy.*--method sft/);
});

test('gives up with an explanation when gradients are not finite', async () => {
  await expect(
    run({ ...sft, steps: 8, lr: 0, 'sft.code_lr': 0, seed: 9 }, poisoned(base.files)),
  ).rejects.toThrow(/not finite in 3 updates in a row, at step 3; lower lr/);
});

/** Finite weights, but so large that activations overflow. */
function poisoned(files: PolicyFiles): PolicyFiles {
  const bytes = files['model.safetensors'].slice();
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const weights = new Float32Array(bytes.buffer.slice(header));
  bytes.set(new Uint8Array(weights.map((w) => w * 1e30).buffer), header);
  return { ...files, 'model.safetensors': bytes };
}
