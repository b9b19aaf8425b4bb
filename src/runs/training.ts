import { evaluatePolicy, greedyPassRate } from '../evaluation/evaluate.ts';
import { saveCheckpoint } from '../policy/checkpoint.ts';
import { disposePolicy } from '../policy/policy.ts';
import { CODE } from '../rl/code_source.ts';
import { memoryMetrics } from '../tensor/memory.ts';
import { compileAhead } from '../tensor/webgpu.ts';
import { encodeRunCheckpoint, type TrainerState } from './checkpoint.ts';
import type { Config } from './config.ts';
import type { RunControl } from './control.ts';
import type { Evaluation } from './events.ts';
import { modelCard } from './model_card.ts';
import { groupDetail, rolloutRecords, vocabularyOf } from './rollouts.ts';
import { type Run, type RunInputs, startRun } from './start.ts';
import { createSteps, type Steps } from './steps.ts';

/** Updates that may be skipped in a row (gradient not finite) before the run gives up. */
const MAX_SKIPPED = 3;

/** Steps without any reward for a program after which the run says so. */
const PATIENCE = 5;

/** What a run remembers from step to step, without what its steps remember themselves. */
type Progress = Omit<TrainerState, 'sources'>;

/** Runs one training from its start, or from a checkpoint, to its end: evaluation, steps, evaluation, policy. */
export async function runTraining(inputs: RunInputs, control: RunControl): Promise<void> {
  const clock = performance.now();
  const { run, from } = startRun(inputs);
  const { hidden_size, num_attention_heads } = run.policy.config;
  await compileAhead(hidden_size / num_attention_heads);
  const { config, emit } = run;
  const progress = from ? goOn(inputs, from.state) : begin(inputs);
  const secondsBefore = progress.seconds;
  const steps = createSteps(run, from);
  const save = checkpoints(run, steps, progress, () => {
    progress.seconds = secondsBefore + (performance.now() - clock) / 1000;
  });
  try {
    if (!from) await save();
    if (config.eval_before) {
      progress.evaluations.before ??= await finalEvaluation(run, 'before', progress.step);
    }
    emit({ type: 'vocabulary', texts: vocabularyOf(run.tokenizer) });
    const stopped = await loop(run, steps, progress, control, save).finally(() => control.end());
    await save();
    const after = await finalEvaluation(run, 'after', progress.step);
    const shape = run.policy.config;
    const weights = (await run.policy.parameters.data()) as Float32Array;
    const card = modelCard({
      config,
      shape,
      device: inputs.device,
      hasStart: progress.has_start,
      hasOwnTasks: inputs.tasks !== undefined,
      before: progress.evaluations.before,
      after,
      steps: progress.step,
      tokens: progress.tokens,
      seconds: secondsBefore + (performance.now() - clock) / 1000,
    });
    const files = saveCheckpoint(shape, weights, run.tokenizer);
    await emit({ type: 'policy', files: { ...files, 'README.md': new TextEncoder().encode(card) } });
    await emit({ type: 'done', steps: progress.step, stopped });
  } finally {
    steps.dispose();
    disposePolicy(run.policy);
  }
}

/** Evaluates a policy on held-out tasks. */
export async function runEvaluation(inputs: RunInputs): Promise<Evaluation> {
  const { run } = startRun(inputs);
  try {
    return await evaluate(run, 0, run.config.eval_final_tasks);
  } finally {
    disposePolicy(run.policy);
  }
}

function begin({ config, policy, device, build }: RunInputs): Progress {
  return {
    config,
    build,
    device,
    step: 0,
    tokens: 0,
    seconds: 0,
    skipped: 0,
    rewarded: false,
    learned: false,
    has_start: Object.keys(policy).length > 0,
    evaluations: { during: [] },
  };
}

/** The progress of a checkpoint; says what differs now, for then the numbers may too. */
function goOn({ config, device, build, emit }: RunInputs, state: TrainerState): Progress {
  const { step, evaluations } = state;
  emit({ type: 'resume', step, evaluations: structuredClone(evaluations) });
  const differences: [what: string, then: string, now: string][] = [
    ['device', `${state.device.backend}, ${state.device.adapter}`, `${device.backend}, ${device.adapter}`],
    ['build', state.build, build],
  ];
  for (const [what, then, now] of differences) {
    if (then === now) continue;
    const message = `the run had another ${what} (${then}) than now (${now}); its numbers may differ from those of a run that was never interrupted`;
    emit({ type: 'warning', message });
  }
  const { sources, ...progress } = state;
  return { ...progress, config, device, build };
}

/** A function that hands out a checkpoint of where the run is, unless there is one already. */
function checkpoints(run: Run, steps: Steps, progress: Progress, takeTime: () => void): () => Promise<void> {
  let last = progress.step > 0 ? progress.step : -1;
  return async () => {
    // While updates are being skipped, the checkpoint from before stays the last one.
    if (progress.step === last || progress.skipped > 0) return;
    last = progress.step;
    takeTime();
    const { learner, sources } = await steps.save();
    const { policy, tokenizer } = run;
    const files = encodeRunCheckpoint({
      shape: policy.config,
      tokenizer,
      weights: (await policy.parameters.data()) as Float32Array,
      learner,
      state: { ...progress, sources },
    });
    await run.emit({ type: 'checkpoint', step: progress.step, files });
  };
}

/** The steps of a run; returns whether it was stopped. */
async function loop(
  run: Run,
  steps: Steps,
  progress: Progress,
  control: RunControl,
  save: () => Promise<void>,
): Promise<boolean> {
  const { config } = run;
  // What takes long is measured before and after only.
  const brief: Config = { ...config, eval_probe: false, eval_samples: 0 };
  while (progress.step < config.steps && !progress.learned) {
    if (!(await control.next({ ...run, step: progress.step }, save))) return true;
    await makeStep(run, steps, progress);
    const { step } = progress;
    if (isDue(step, config.eval_every) && step < config.steps) {
      const { outcomes, ...evaluation } = await evaluate(run, step, config.eval_tasks, brief);
      progress.evaluations.during.push(evaluation);
      run.emit({ type: 'evaluation', name: 'during', evaluation });
    }
    progress.learned = config.method === 'sft' && (await hasLearnedEnough(run, step));
    if (isDue(step, config.checkpoint_every)) await save();
  }
  return false;
}

async function makeStep({ config, emit }: Run, steps: Steps, progress: Progress): Promise<void> {
  const step = progress.step + 1;
  const { metrics, groups } = await steps.take(step);
  progress.step = step;
  progress.tokens += metrics.trained_tokens;
  emit({
    type: 'step',
    metrics: { step, ...metrics, num_tokens: progress.tokens, ...memoryMetrics() },
    totalSteps: config.steps,
  });
  if (groups.length > 0) {
    emit({ type: 'rollouts', records: groups.flatMap((group, index) => rolloutRecords(step, group, index)) });
    emit({ type: 'groups', step, details: groups.map(groupDetail) });
  }
  progress.rewarded ||= (metrics[`rewards/${CODE}/mean`] ?? 1) > 0;
  if (step === PATIENCE && !progress.rewarded) {
    const message = `no program has passed in ${PATIENCE} steps: the starting policy may not know these tasks; train it on them first with --method sft`;
    emit({ type: 'warning', message });
  }
  progress.skipped = metrics.updates === 0 ? progress.skipped + metrics.skipped_updates : 0;
  if (progress.skipped >= MAX_SKIPPED) {
    throw new Error(
      `runTraining(): the gradient was not finite in ${progress.skipped} updates in a row, at step ${step}; lower lr (now ${config.lr}) or check the starting policy`,
    );
  }
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}

/** Whether supervised training has reached the wanted pass@1 on the first family, on tasks that RL will learn from, not held-out ones. */
async function hasLearnedEnough(run: Run, step: number): Promise<boolean> {
  const { config, suite } = run;
  if (!isDue(step, config.eval_every) || step <= config['sft.execution_steps'] || step === config.steps)
    return false;
  const rate = await greedyPassRate(run, suite.list('rl', config.eval_tasks, true), config);
  return rate >= config['sft.stop_at_pass@1'];
}

async function finalEvaluation(run: Run, name: 'before' | 'after', step: number): Promise<Evaluation> {
  const which = name === 'before' ? 'starting' : 'trained';
  run.emit({ type: 'status', message: `evaluating the ${which} policy` });
  const evaluation = await evaluate(run, step, run.config.eval_final_tasks);
  run.emit({ type: 'evaluation', name, evaluation });
  return evaluation;
}

async function evaluate(run: Run, step: number, count: number, config = run.config): Promise<Evaluation> {
  const { policy, tokenizer, sandbox } = run;
  const start = performance.now();
  const tasks = run.suite.list(config.eval_split, count);
  const measured = await evaluatePolicy({ policy, tokenizer, sandbox }, tasks, config);
  return { step, ...measured, seconds: (performance.now() - start) / 1000 };
}
