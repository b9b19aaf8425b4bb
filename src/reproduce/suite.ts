/** @file The experiments of `npm run reproduce`, as data. */
import type { Config } from '../runs/config.ts';
import { resolveConfig } from '../runs/options.ts';

/** One way to train. */
export interface Arm {
  key: string;
  /** In tables and curves. */
  label: string;
  settings: Partial<Config>;
  /** The key of the {@link Tuned} settings whose learning rate it takes. */
  tuned: string;
}

/** Ways to train that start from one policy, over the same seeds. */
export interface Experiment {
  key: string;
  title: string;
  /** What it is there to find out. */
  asks: string;
  /** The policy that all arms start from: the shipped one, or one made from it first. */
  start: 'shipped' | 'calibrated';
  arms: Arm[];
}

/** Settings whose learning rate is chosen on validation tasks. */
export interface Tuned {
  key: string;
  candidates: number[];
  settings: Partial<Config>;
  start: Experiment['start'];
}

/** How much is computed. */
export interface Scale {
  /** Settings of every run. */
  settings: Partial<Config>;
  /** Those of the runs that learn from rewards; supervised ones see as many tokens a step. */
  batch: Pick<Config, 'train_batch_size' | 'rollout.n'>;
  /** Settings of the runs on `calibrated`, where the skill that counts comes slowly. */
  long: Partial<Config>;
  /** Settings of the supervised run that teaches the shipped policy the family `calibrated`. */
  calibrated: Partial<Config>;
  /** Candidates, as many for each way to train: of reinforcement, and of supervised training. */
  learningRates: { reinforcement: number[]; supervised: number[] };
}

/** About two hours on two cores that other work wanted, too. */
export const FULL: Scale = {
  settings: { steps: 60, eval_every: 20, eval_tasks: 300, eval_final_tasks: 1000 },
  batch: { train_batch_size: 64, 'rollout.n': 8 },
  long: { steps: 150, eval_every: 30 },
  calibrated: { steps: 800, eval_every: 50, eval_tasks: 300, 'sft.stop_at_pass@1': 0.35 },
  learningRates: { reinforcement: [1e-4, 2e-4, 4e-4], supervised: [3e-4, 1e-3, 2e-3] },
};

/** A smoke run: everything is computed, and too little of it to mean anything. */
export const QUICK: Scale = {
  settings: { steps: 2, eval_every: 1, eval_tasks: 10, eval_final_tasks: 20 },
  batch: { train_batch_size: 10, 'rollout.n': 4 },
  long: {},
  calibrated: { steps: 2, eval_every: 0 },
  learningRates: { reinforcement: [1e-4], supervised: [1e-3] },
};

const ALIGN_RATIO = 0.4;

/** The batch of CodeRL+ that holds as many code prompts as a batch of `size` without alignment. */
export function equalCodeBatch(size: number, ratio = ALIGN_RATIO): number {
  let batch = size;
  while (batch - Math.floor(batch * ratio) < size) batch++;
  return batch;
}

/** What is measured in the experiments that the analyses are about; the others go without, for time. */
const ANALYSED: Partial<Config> = { eval_samples: 8, eval_verify: true, eval_probe: true };

/** Everything on reference solutions alone, with as many sequences a step as reinforcement learns from. */
function distillation({ batch }: Scale): Partial<Config> {
  return {
    method: 'sft',
    families: 'pipelines',
    train_batch_size: batch.train_batch_size * batch['rollout.n'],
    lr_warmup_steps: 10,
    'sft.execution_steps': 0,
    'sft.code_share': 1,
    'sft.output_share': 0,
    'sft.stop_at_pass@1': 1,
  };
}

const onAlgorithm = (algorithm: Config['algorithm']): Partial<Config> => ({
  method: 'coderl_plus',
  algorithm,
});
const ablation = (key: string, label: string, settings: Partial<Config>): Arm => ({
  key,
  label: `CodeRL+, ${label}`,
  settings: { method: 'coderl_plus', ...settings },
  tuned: 'coderl_plus',
});

/** All ways of CodeRL+ take the learning rate of its plain form, and all of GRPO that of GRPO. */
const calibratedArm = (key: string, label: string, settings: Partial<Config>): Arm => ({
  key: `calibrated_${key}`,
  label,
  settings: { ...settings, families: 'calibrated' },
  tuned: `calibrated_${settings.method}`,
});

/** The settings whose learning rates the arms of some experiments take, with as many candidates for each. */
export function tunedSettings(scale: Scale, chosen: readonly Experiment[]): Tuned[] {
  const needed = new Set(chosen.flatMap(({ arms }) => arms.map(({ tuned }) => tuned)));
  const shipped: [key: string, settings: Partial<Config>][] = [
    ['sft', distillation(scale)],
    ['grpo', { method: 'grpo' }],
    ['coderl_plus', { method: 'coderl_plus' }],
    ['ppo', { method: 'ppo' }],
    ['coderl_plus_ppo', onAlgorithm('ppo')],
    ['reinforce_plus_plus', { method: 'reinforce_plus_plus' }],
    ['coderl_plus_reinforce_plus_plus', onAlgorithm('reinforce_plus_plus')],
  ];
  const calibrated: typeof shipped = [
    ['calibrated_grpo', { method: 'grpo', families: 'calibrated' }],
    ['calibrated_coderl_plus', { method: 'coderl_plus', families: 'calibrated' }],
  ];
  const { reinforcement, supervised } = scale.learningRates;
  const tuned = ([key, settings]: (typeof shipped)[number], start: Experiment['start']): Tuned => ({
    key,
    settings,
    start,
    candidates: settings.method === 'sft' ? supervised : reinforcement,
  });
  return [
    ...shipped.map((one) => tuned(one, 'shipped')),
    ...calibrated.map((one) => tuned(one, 'calibrated')),
  ].filter(({ key }) => needed.has(key));
}

/** The experiments, the most important first. */
export function experiments(scale: Scale): Experiment[] {
  const equalCode = { train_batch_size: equalCodeBatch(scale.batch.train_batch_size) };
  return [
    {
      key: 'main',
      title: 'CodeRL+ against GRPO and supervised distillation',
      asks: 'Does alignment help to write programs, and what does it do to execution? At equal trajectories a step, and again at equal code prompts.',
      start: 'shipped',
      arms: [
        { key: 'grpo', label: 'GRPO', settings: { method: 'grpo', ...ANALYSED }, tuned: 'grpo' },
        {
          key: 'coderl_plus',
          label: 'CodeRL+',
          settings: { method: 'coderl_plus', ...ANALYSED },
          tuned: 'coderl_plus',
        },
        {
          key: 'coderl_plus_equal_code',
          label: 'CodeRL+, equal code prompts',
          settings: { method: 'coderl_plus', ...equalCode, ...ANALYSED },
          tuned: 'coderl_plus',
        },
        {
          key: 'sft',
          label: 'distillation',
          settings: { ...distillation(scale), ...ANALYSED },
          tuned: 'sft',
        },
      ],
    },
    {
      key: 'calibrated',
      title: 'Where writing needs executing',
      asks: 'In the family `calibrated` a program holds a number that only who executes it in the head can write: what it gives for an example. Does alignment help there?',
      start: 'calibrated',
      arms: [
        calibratedArm('grpo', 'GRPO', { method: 'grpo', ...scale.long }),
        calibratedArm('coderl_plus', 'CodeRL+', { method: 'coderl_plus', ...scale.long }),
        calibratedArm('coderl_plus_equal_code', 'CodeRL+, equal code prompts', {
          method: 'coderl_plus',
          ...equalCode,
          ...scale.long,
        }),
      ],
    },
    {
      key: 'algorithms',
      title: 'On other algorithms',
      asks: 'Is it the same on PPO and REINFORCE++? GRPO with a KL penalty is the plain rival that keeps skills by staying near the start.',
      start: 'shipped',
      arms: [
        {
          key: 'grpo_kl',
          label: 'GRPO with KL',
          settings: { method: 'grpo', use_kl_loss: true, kl_loss_coef: 0.05 },
          tuned: 'grpo',
        },
        { key: 'ppo', label: 'PPO', settings: { method: 'ppo' }, tuned: 'ppo' },
        {
          key: 'coderl_plus_ppo',
          label: 'PPO + CodeRL+',
          settings: onAlgorithm('ppo'),
          tuned: 'coderl_plus_ppo',
        },
        {
          key: 'reinforce_plus_plus',
          label: 'REINFORCE++',
          settings: { method: 'reinforce_plus_plus' },
          tuned: 'reinforce_plus_plus',
        },
        {
          key: 'coderl_plus_reinforce_plus_plus',
          label: 'REINFORCE++ + CodeRL+',
          settings: onAlgorithm('reinforce_plus_plus'),
          tuned: 'coderl_plus_reinforce_plus_plus',
        },
      ],
    },
    {
      key: 'ablations',
      title: 'Ablations and controls',
      asks: 'Which parts of the alignment matter? Each arm changes one switch of CodeRL+.',
      start: 'shipped',
      arms: [
        ablation('all_rollouts', 'all rollouts', { align_rollouts: 'all' }),
        ablation('prebuilt', 'prebuilt questions', { align_set: 'prebuilt' }),
        ablation('output_only', 'output only', { align_target: 'output_only' }),
        ablation('shuffled', 'shuffled truths', { align_truth: 'shuffled' }),
        ablation('supervised', 'supervised answers', { align_learning: 'supervised' }),
      ],
    },
  ];
}

/** A configuration of a run of the suite. */
function configOf(scale: Scale, given: Partial<Config>): Config {
  const batch = given.method === 'sft' ? {} : scale.batch;
  const { lr } = given;
  // Supervised training has two learning rates; without an execution phase the second is the one that counts.
  const supervised = given.method === 'sft' && lr !== undefined ? { 'sft.code_lr': lr } : {};
  return resolveConfig({
    ...scale.settings,
    ...batch,
    threads: 1,
    eval_before: false,
    ...given,
    ...supervised,
  });
}

/** The trainings that the learning rates are chosen by: one seed, on validation tasks, measured at the end alone. */
export function tuningConfigs(scale: Scale, settings: readonly Tuned[]): Config[] {
  return settings.flatMap(({ settings: given, candidates }) =>
    candidates.map((lr) =>
      configOf(scale, { ...given, lr, seed: TUNING_SEED, eval_split: 'validation', eval_every: 0 }),
    ),
  );
}

/** No seed of the experiments. */
const TUNING_SEED = 1000;

/** The supervised training that teaches the shipped policy the family `calibrated`. */
export function calibratedConfig(scale: Scale): Config {
  return resolveConfig({
    ...scale.settings,
    method: 'sft',
    families: 'calibrated',
    threads: 1,
    eval_before: false,
    'sft.execution_steps': 0,
    ...scale.calibrated,
  });
}

/** A run of an experiment, and the arm that it belongs to. */
export interface ArmCell {
  arm: Arm;
  config: Config;
}

/**
 * The runs of an experiment, seeds outermost, so that an interrupted one has whole comparisons first. The first run
 * also evaluates the starting policy, which is the same for all.
 * @param learningRates those chosen, by the keys of {@link tunedSettings}
 */
export function armCells(
  scale: Scale,
  { arms }: Experiment,
  seeds: number,
  learningRates: Readonly<Record<string, number>>,
): ArmCell[] {
  return Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
    arms.map((arm, i) => {
      const lr = learningRates[arm.tuned];
      const config = configOf(scale, { ...arm.settings, lr, seed, eval_before: seed === 0 && i === 0 });
      return { arm, config };
    }),
  );
}
