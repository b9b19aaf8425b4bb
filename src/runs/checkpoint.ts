import { loadCheckpoint, type PolicyFiles, saveCheckpoint } from '../policy/checkpoint.ts';
import type { PolicyConfig } from '../policy/config.ts';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../policy/safetensors.ts';
import type { Tokenizer } from '../policy/tokenizer.ts';
import type { CriticMemory } from '../rl/critic.ts';
import type { AdamWMemory } from '../tensor/adamw.ts';
import type { Config } from './config.ts';
import type { CheckpointFiles, DeviceInfo, TrainingEvaluations } from './events.ts';

const STATE = 'trainer_state.json';
const NUMBERS = 'trainer_state.safetensors';

/** The version of both. */
const FORMAT = 1;

/** What a run remembers from step to step besides numbers on the device. Random numbers are functions of the step. */
export interface TrainerState {
  config: Config;
  /** Identity of the sources that the trainer was built from. */
  build: string;
  device: DeviceInfo;
  /** Steps made. */
  step: number;
  /** Tokens that went through forward and backward passes. */
  tokens: number;
  /** Seconds spent, evaluations included. */
  seconds: number;
  /** Updates left out in a row because their gradient was not finite. */
  skipped: number;
  /** Whether any program has earned a reward. */
  rewarded: boolean;
  /** Whether supervised training has reached what it was to reach, so that no step follows. */
  learned: boolean;
  /** Whether the run started from a given policy rather than from random weights. */
  has_start: boolean;
  /** What each prompt source remembers, by its name. */
  sources: Record<string, unknown>;
  evaluations: TrainingEvaluations;
}

/** What learning remembers besides the policy's weights. */
export interface LearnerMemory {
  optimizer: AdamWMemory;
  /** Weights that the KL penalty pulls to, where there is one: flat, [parameterCount]. */
  reference?: Float32Array;
  critic?: CriticMemory;
}

/** All that a run is between two steps. */
export interface RunCheckpoint {
  shape: PolicyConfig;
  tokenizer: Tokenizer;
  /** Flat, [parameterCount]. */
  weights: Float32Array;
  learner: LearnerMemory;
  state: TrainerState;
}

/**
 * A checkpoint as files: those of a policy (so that `--policy` takes a checkpoint's directory),
 * `trainer_state.safetensors` and `trainer_state.json`.
 */
export function encodeRunCheckpoint(checkpoint: RunCheckpoint): CheckpointFiles {
  const { shape, tokenizer, weights, learner, state } = checkpoint;
  const { optimizer, reference, critic } = learner;
  const flat: Record<string, Float32Array | undefined> = {
    'optimizer.first': optimizer.first,
    'optimizer.second': optimizer.second,
    reference,
    'critic.parameters': critic?.parameters,
    'critic.first': critic?.first,
    'critic.second': critic?.second,
  };
  const tensors = Object.entries(flat).flatMap(([name, data]): NamedTensor[] =>
    data ? [{ name, shape: [data.length], data }] : [],
  );
  const updates = { optimizer: optimizer.updates, critic: critic?.updates };
  const json = JSON.stringify({ format: FORMAT, ...state, updates }, null, 1);
  return {
    ...saveCheckpoint(shape, weights, tokenizer),
    [NUMBERS]: writeSafetensors(tensors),
    [STATE]: new TextEncoder().encode(`${json}\n`),
  };
}

/** The state in the files of a checkpoint, without its numbers. */
export function readTrainerState(files: CheckpointFiles): TrainerState {
  const { format, updates, ...state } = readState(files);
  return state;
}

/**
 * Reads the files of a checkpoint.
 * @throws Error that names the file and what is wrong with it
 */
export function decodeRunCheckpoint(files: CheckpointFiles): RunCheckpoint {
  const { format, updates, ...state } = readState(files);
  const { config: shape, weights, tokenizer } = loadCheckpoint(files as PolicyFiles);
  const bytes = files[NUMBERS];
  if (!bytes) throw new Error(`checkpoint: ${NUMBERS} is missing`);
  const tensors = readSafetensors(bytes);
  const flat = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`checkpoint: ${NUMBERS} holds no ${name}`);
    return tensor.data;
  };
  const ofPolicy = (name: string): Float32Array => {
    const data = flat(name);
    if (data.length === weights.length) return data;
    throw new Error(
      `checkpoint: ${NUMBERS} has ${data.length} numbers as ${name}, but the policy has ${weights.length} parameters`,
    );
  };
  const learner: LearnerMemory = {
    optimizer: {
      first: ofPolicy('optimizer.first'),
      second: ofPolicy('optimizer.second'),
      updates: updates.optimizer,
    },
  };
  if (tensors.has('reference')) learner.reference = ofPolicy('reference');
  if (updates.critic !== undefined) {
    learner.critic = {
      parameters: flat('critic.parameters'),
      first: flat('critic.first'),
      second: flat('critic.second'),
      updates: updates.critic,
    };
  }
  return { shape, tokenizer, weights, learner, state };
}

interface StoredState extends TrainerState {
  format: number;
  /** Updates made by each optimizer. */
  updates: { optimizer: number; critic?: number };
}

function readState(files: CheckpointFiles): StoredState {
  const bytes = files[STATE];
  if (!bytes) throw new Error(`checkpoint: ${STATE} is missing; this is a policy, give it with --policy`);
  const state = JSON.parse(new TextDecoder().decode(bytes)) as StoredState;
  if (state.format === FORMAT) return state;
  throw new Error(
    `checkpoint: ${STATE} has format ${state.format}, but only ${FORMAT} is read; use the version that wrote it`,
  );
}
