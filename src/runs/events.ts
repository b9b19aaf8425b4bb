import type { Estimate } from '../evaluation/statistics.ts';
import type { PolicyFiles } from '../policy/checkpoint.ts';
import type { WrittenToken } from '../policy/write.ts';
import type { AlignmentItem } from '../semantics/item.ts';
import type { Task } from '../tasks/types.ts';
import type { DeviceInfo } from '../tensor/device.ts';
import type { Config } from './config.ts';
import type { WriteRequest } from './writing.ts';

export type { DeviceInfo, Estimate, PolicyFiles };

/** The evaluation of one policy on held-out tasks. */
export interface Evaluation {
  step: number;
  /** Greedy pass@1 on hidden tests and the other measures, by name. */
  measures: Record<string, Estimate>;
  /** Share of each verdict among the greedy programs. */
  verdicts: Record<string, number>;
  /** In the evaluations before and after: the verdict of each held-out task's greedy program, in order. */
  outcomes?: string[];
  seconds: number;
}

/** What `evaluation.json` holds. */
export interface Evaluations {
  device?: DeviceInfo;
  /** The only one, where a policy was evaluated without a training. */
  evaluation?: Evaluation;
  before?: Evaluation;
  during?: Evaluation[];
  after?: Evaluation;
}

/** One line of `rollouts.jsonl`. */
export interface RolloutRecord {
  step: number;
  source: string;
  group: number;
  sample: number;
  prompt_id: string;
  prompt: string;
  completion: string;
  tokens: number;
  terminated: boolean;
  verdict?: string;
  reward: number;
  parts: Record<string, number>;
  advantage: number;
  detail?: Record<string, unknown>;
}

/**
 * What the page shows of one group beyond its `RolloutRecord`s: tokens one by one, and what they were graded by.
 * For the page alone; a terminal and `rollouts.jsonl` leave it out, for it is some times as large.
 */
export interface GroupDetail {
  /** As in the records. */
  group: number;
  promptTokens: number[];
  /** Token ids of each sample, the end token included. */
  tokens: number[][];
  /** Log-probability of each of `tokens` under the policy that sampled it (nats, at temperature 1). */
  logProbs: number[][];
  /** Advantage of each of `tokens`; equal within a completion for the estimators that judge it as a whole. */
  advantages: number[][];
  /** What a code group was asked to write, with its tests and reference. */
  task?: Task;
  /** What an alignment group was asked, with the true values. */
  item?: AlignmentItem;
}

/** Log-probabilities of tokens under the policy as it stood after `step` updates. */
export interface LogProbsAnswer {
  step: number;
  /** One list for each completion, one number for each of its tokens (nats, at temperature 1). */
  logProbs: number[][];
}

/**
 * One line of `metrics.jsonl`: `step`, then TRL's names. Wall-clock fields end in `_time` or `_per_second`, fields of
 * memory begin with `memory`; a seed fixes all others (`fixed.ts`).
 */
export type StepMetrics = { step: number } & Record<string, number>;

/** The evaluations of a training so far. */
export interface TrainingEvaluations {
  before?: Evaluation;
  during: Evaluation[];
  after?: Evaluation;
}

/** A checkpoint as files by name; see `checkpoint.ts`. */
export type CheckpointFiles = Record<string, Uint8Array>;

/** Everything that a run tells its page or terminal, in order. */
export type RunEvent =
  | { type: 'device'; device: DeviceInfo }
  | { type: 'status'; message: string }
  /** Something that a person should know, though the run goes on. */
  | { type: 'warning'; message: string }
  /**
   * The run goes on from its checkpoint of this step: whatever was told of later steps is void, and is told
   * again. `evaluations` are those up to it.
   */
  | { type: 'resume'; step: number; evaluations: TrainingEvaluations }
  | { type: 'step'; metrics: StepMetrics; totalSteps: number }
  | { type: 'rollouts'; records: RolloutRecord[] }
  /** Follows `rollouts`, for the page alone. */
  | { type: 'groups'; step: number; details: GroupDetail[] }
  /** The text of every token, by id; once, before the first step. For the page alone. */
  | { type: 'vocabulary'; texts: string[] }
  | { type: 'evaluation'; name: 'before' | 'during' | 'after'; evaluation: Evaluation }
  /** All that the run is after this step, for whoever keeps the run; the trainer waits until it is dealt with. */
  | { type: 'checkpoint'; step: number; files: CheckpointFiles }
  /** The checkpoint of this step is stored whole: from now on no more than the steps after it can be lost. */
  | { type: 'saved'; step: number }
  | { type: 'policy'; files: PolicyFiles }
  | { type: 'done'; steps: number; stopped: boolean };

/** Takes the events of a run. Where it returns a promise, the event is dealt with when that resolves. */
export type Emit = (event: RunEvent) => void | Promise<void>;

/** What to evaluate, or to train from. */
export interface Job {
  config: Config;
  /** The policy to start from; empty for fresh weights (`sft` only), and where a checkpoint is given. */
  policy: PolicyFiles;
  /** The user's own tasks (JSONL text), when given. */
  tasks?: string;
}

/** A training: from its start, or from a checkpoint of it. */
export interface TrainingJob extends Job {
  /** Go on from here, with the configuration given (its `steps` may be others). */
  checkpoint?: CheckpointFiles;
  /**
   * Keep the run in this browser's own file system under this name: `runs/NAME/`, with checkpoints to go on
   * from. Without a name nothing is kept there (the terminal keeps the runs that it starts).
   */
  name?: string;
}

/** What the trainer worker exposes through comlink. A worker serves one `train`, `continueRun` or `evaluate`. */
export interface TrainerApi {
  /** Resolves when the worker holds the lock of its name, by which the page learns of its end. */
  alive(): Promise<void>;
  /** Runs one training to its end, to `stop()`, or to an error (then rejected). */
  train(job: TrainingJob, emit: Emit): Promise<void>;
  /**
   * Goes on with a run that this browser keeps, from its last whole checkpoint, as if it had never ended.
   * @param steps another length than the run has had so far
   */
  continueRun(name: string, emit: Emit, steps?: number): Promise<void>;
  /** Evaluates a policy on held-out tasks. */
  evaluate(job: Job, emit: Emit): Promise<Evaluation>;
  /** Pauses after the update in progress, when a checkpoint of it is made. */
  pause(): void;
  resume(): void;
  /** Runs one update and pauses again. */
  stepOnce(): void;
  /** Ends after the update in progress; `train` then makes a checkpoint, evaluates, emits the policy and resolves. */
  stop(): void;
  /**
   * Log-probabilities of completions under the policy as it is now. Answered between two updates and while paused;
   * rejected when the run ends first.
   */
  logProbs(prompt: number[], completions: number[][]): Promise<LogProbsAnswer>;
  /** Writes a program with the policy as it is now; answered and rejected as `logProbs` is. */
  write(request: WriteRequest, emit: (token: WrittenToken) => void): Promise<WrittenToken[]>;
}
