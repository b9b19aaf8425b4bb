import * as tf from '@tensorflow/tfjs-core';
import { sharesOf } from '../methods/method.ts';
import { supervisedBatch, supervisedLearningRate } from '../methods/sft.ts';
import { type Critic, createCritic, disposeCritic, saveCritic } from '../rl/critic.ts';
import { createOptimizer, disposeOptimizer, type Optimizer } from '../rl/optimizer.ts';
import { rehearse, trainingStep } from '../rl/step.ts';
import { supervisedUpdate } from '../rl/supervised.ts';
import type { PromptSource, Rollout } from '../rl/types.ts';
import { saveAdamW } from '../tensor/adamw.ts';
import type { LearnerMemory } from './checkpoint.ts';
import type { Config } from './config.ts';
import type { From, Run } from './start.ts';

/** The steps of a run's method, with what they change besides the policy. */
export interface Steps {
  /** One step, counted from 1: what it measured, and the rollouts if it has any. */
  take(step: number): Promise<{ metrics: Record<string, number>; groups: Rollout[][] }>;
  /** What they remember from step to step, for a checkpoint. */
  save(): Promise<{ learner: LearnerMemory; sources: Record<string, unknown> }>;
  /** Frees what they hold on the device. */
  dispose(): void;
}

/** What learning keeps on the device besides the policy. */
interface Learning {
  optimizer: Optimizer;
  /** Weights that the KL penalty pulls to. */
  reference?: tf.Tensor1D;
  critic?: Critic;
}

/** The steps of a run's method, from its start or from where it goes on. */
export function createSteps(run: Run, from?: From): Steps {
  const learning = createLearning(run, from?.learner);
  const { optimizer, reference, critic } = learning;
  const { take, sources } =
    run.config.method === 'sft' ? supervisedSteps(run, optimizer) : rewardSteps(run, learning);
  if (from) for (const source of sources) source.restore(from.state.sources[source.name]);
  return {
    take,
    save: async () => ({
      learner: {
        optimizer: await saveAdamW(optimizer.state),
        ...(reference && { reference: (await reference.data()) as Float32Array }),
        ...(critic && { critic: await saveCritic(critic) }),
      },
      sources: Object.fromEntries(sources.map((source) => [source.name, source.save()])),
    }),
    dispose() {
      reference?.dispose();
      if (critic) disposeCritic(critic);
      disposeOptimizer(optimizer);
    },
  };
}

function createLearning({ config, policy }: Run, memory?: LearnerMemory): Learning {
  const learning: Learning = { optimizer: createOptimizer(policy, memory?.optimizer) };
  if (needsReference(config)) {
    learning.reference = memory?.reference ? tf.tensor1d(memory.reference) : tf.clone(policy.parameters);
  }
  if (config.adv_estimator === 'gae') learning.critic = createCritic(policy, config.seed, memory?.critic);
  return learning;
}

function needsReference(config: Config): boolean {
  return config.method !== 'sft' && (config.use_kl_loss || config.use_kl_in_reward);
}

type Method = Pick<Steps, 'take'> & { sources: PromptSource[] };

function rewardSteps(run: Run, learning: Learning): Method {
  const { config, policy, tokenizer, sandbox, suite } = run;
  const shares = sharesOf({ tasks: suite.stream('rl'), tokenizer, sandbox, config });
  const learner = { policy, tokenizer, shares, ...learning };
  return {
    take: async (step) => {
      if (step === 1) await rehearse(learner, config);
      return trainingStep(learner, step, config);
    },
    sources: shares.map(({ source }) => source),
  };
}

function supervisedSteps(run: Run, optimizer: Optimizer): Method {
  const { config, policy, tokenizer, sandbox, suite } = run;
  const tasks = suite.stream('sft');
  const take: Steps['take'] = async (step) => {
    const start = performance.now();
    const sequences = await supervisedBatch(step, tasks, tokenizer, sandbox, config);
    const lr = supervisedLearningRate(step, config);
    const update = await supervisedUpdate(policy, optimizer, sequences, lr, config);
    const seconds = (performance.now() - start) / 1000;
    const metrics = {
      ...update,
      learning_rate: lr,
      step_time: seconds,
      tokens_per_second: update.trained_tokens / seconds,
    };
    return { metrics, groups: [] };
  };
  return { take, sources: [] };
}
