import type { Verdict } from '../sandbox/types.ts';
import type { Sequence } from './batches.ts';

/** What the policy reads, and how much it may answer. */
export interface Prompt<Item = unknown> {
  id: string;
  /** Name of the source that drew it. */
  source: string;
  text: string;
  tokens: number[];
  /** What the source needs to grade the completions. */
  item: Item;
}

/** One sampled answer. */
export interface Completion {
  /** Includes the end token when `terminated`. */
  tokens: number[];
  /** Log-probability of each token under the policy that sampled it (nats, at temperature 1). */
  logProbs: number[];
  /** Without the end token. */
  text: string;
  /** False when the answer was cut at the longest allowed length. */
  terminated: boolean;
}

/** The reward of one completion and where it comes from. */
export interface Grade {
  reward: number;
  /** 1 when the completion is right in every respect, else 0: what `filter_groups` calls `acc`. */
  accuracy: number;
  /** Named parts that explain the reward, each a number a student can read. */
  parts: Record<string, number>;
  verdict?: Verdict;
  /** Whatever a viewer may want: per-test results, the error line, the answer cells. */
  detail?: Record<string, unknown>;
}

/** The completions of one prompt with their grades. */
export interface GradedGroup {
  prompt: Prompt;
  completions: Completion[];
  grades: Grade[];
}

/** A graded completion inside its group. */
export interface Rollout {
  prompt: Prompt;
  completion: Completion;
  grade: Grade;
  /** One a token; all the same where the estimator judges completions as wholes. */
  advantages: readonly number[];
}

/** Draws prompts, grades completions, observes rollouts (TRL: environment and reward function). */
export interface PromptSource {
  readonly name: string;
  /** Longest completion, in tokens. */
  readonly maxNewTokens: number;
  /**
   * Batches of the other sources, sampled by the starting policy and not learned from, that it wants to observe (as steps
   * below 1) before the first step; none where absent.
   */
  readonly rehearsals?: number;
  /** Examples to learn from by supervised loss instead of prompts, at most `count`; `draw` is then not asked. */
  teach?(step: number, count: number): Sequence[];
  /** At most `count` prompts for this step; fewer when the source has no more. */
  draw(step: number, count: number): Prompt[];
  /** Grades `completions[i]`, the group of answers to `prompts[i]`. */
  grade(prompts: Prompt[], completions: Completion[][]): Promise<Grade[][]>;
  /** Sees every graded group of the step, of every source; returns its own metrics. */
  observe(step: number, groups: Rollout[][]): Promise<Record<string, number>>;
  /** What it remembers from step to step, as a value that JSON holds; a checkpoint keeps it. */
  save(): unknown;
  /** Remembers what an equal source has saved, and goes on exactly as that one would. */
  restore(saved: unknown): void;
}

/** A source and its share of the prompts of a batch. */
export interface Share {
  source: PromptSource;
  /** Of the batch, 0 to 1. What a source cannot fill goes to the last one, which always can. */
  ratio: number;
}
