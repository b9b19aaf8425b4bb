import { loadCheckpoint, type PolicyFiles } from '../policy/checkpoint.ts';
import { defaultPolicyConfig, type PolicyConfig } from '../policy/config.ts';
import { createPolicy, initialWeights, type Policy } from '../policy/policy.ts';
import { createTokenizer, type Tokenizer } from '../policy/tokenizer.ts';
import type { Sandbox } from '../sandbox/types.ts';
import type { Task } from '../tasks/types.ts';
import type { DeviceInfo } from '../tensor/device.ts';
import {
  decodeRunCheckpoint,
  type LearnerMemory,
  type RunCheckpoint,
  type TrainerState,
} from './checkpoint.ts';
import type { Config, OptionName } from './config.ts';
import type { Emit, TrainingJob } from './events.ts';
import { type TaskSuite, taskSuite } from './tasks.ts';

/** What a run starts from; the tfjs backend is the current one. */
export interface RunInputs extends TrainingJob {
  device: DeviceInfo;
  sandbox: Sandbox;
  emit: Emit;
  /** Identity of the sources that the trainer was built from. */
  build: string;
}

/** Everything that a run works with. */
export interface Run {
  config: Config;
  policy: Policy;
  tokenizer: Tokenizer;
  sandbox: Sandbox;
  suite: TaskSuite;
  emit: Emit;
}

/** Where a run goes on from, when it does not begin. */
export interface From {
  state: TrainerState;
  learner: LearnerMemory;
}

/** Makes what a run works with, after checking what it is given. The caller disposes the policy. */
export function startRun(inputs: RunInputs): { run: Run; from?: From } {
  const { config, policy: files, tasks, checkpoint, sandbox, emit } = inputs;
  const suite = taskSuite(config, tasks);
  const { shape, tokenizer, weights, from } = checkpoint
    ? continued(decodeRunCheckpoint(checkpoint))
    : startingPolicy(config, files);
  checkLengths(config, shape);
  checkSupervised(config, tasks === undefined ? [] : suite.list('sft', Number.POSITIVE_INFINITY));
  return { run: { config, policy: createPolicy(shape, weights), tokenizer, sandbox, suite, emit }, from };
}

function continued({ shape, tokenizer, weights, learner, state }: RunCheckpoint) {
  return { shape, tokenizer, weights, from: { state, learner } };
}

function startingPolicy(config: Config, files: PolicyFiles) {
  if (Object.keys(files).length > 0) {
    const { config: shape, weights, tokenizer } = loadCheckpoint(files);
    return { shape, weights, tokenizer, from: undefined };
  }
  if (config.method !== 'sft') {
    throw new Error(
      `runTraining(): method ${config.method} needs a starting policy, for random weights earn no reward; give --policy DIR, or make one with --method sft`,
    );
  }
  const tokenizer = createTokenizer();
  const shape: PolicyConfig = {
    ...defaultPolicyConfig(tokenizer.vocabSize),
    hidden_size: config['policy.hidden_size'],
    intermediate_size: config['policy.intermediate_size'],
    num_hidden_layers: config['policy.num_hidden_layers'],
    num_attention_heads: config['policy.num_attention_heads'],
  };
  return { shape, weights: initialWeights(shape, config.seed), tokenizer, from: undefined };
}

/** Refuses lengths for which the policy has no positions, before anything is computed. */
function checkLengths(config: Config, { max_position_embeddings: limit }: PolicyConfig): void {
  const needs: [OptionName, number][] = [
    ['rollout.max_new_tokens', config['rollout.max_new_tokens'] + 1],
    ['align_max_new_tokens', config.align_max_prompt_tokens + config.align_max_new_tokens],
  ];
  for (const [name, needed] of needs) {
    if (needed <= limit) continue;
    const prompt = name === 'align_max_new_tokens' ? ' with align_max_prompt_tokens' : ' with a prompt';
    throw new Error(
      `runTraining(): ${name}=${config[name]}${prompt} needs ${needed} positions, but the policy has ${limit}; lower it`,
    );
  }
}

/** Refuses what supervised training could not use, before anything is computed. */
function checkSupervised(config: Config, own: readonly Task[]): void {
  if (config.method !== 'sft') return;
  const bare = own.find((task) => task.reference === undefined);
  if (bare) {
    throw new Error(
      `runTraining(): supervised training needs reference solutions, but the task "${bare.description}" has none; add "reference" to its line`,
    );
  }
  const shares = config['sft.code_share'] + config['sft.output_share'];
  if (shares > 1) {
    throw new Error(
      `runTraining(): sft.code_share + sft.output_share is ${shares}, but shares end at 1; lower one`,
    );
  }
}
