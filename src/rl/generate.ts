import type { Policy } from '../policy/policy.ts';
import { type Sampled, sample } from '../policy/sampler.ts';
import type { Tokenizer } from '../policy/tokenizer.ts';
import { isConstant } from './advantages.ts';
import type { Sequence } from './batches.ts';
import { overlongPenalty, type RewardOptions } from './rewards.ts';
import type { Completion, Grade, GradedGroup, Prompt, Share } from './types.ts';

/** Options of sampling and grading a batch, by verl's names. */
export interface GenerateOptions extends RewardOptions {
  seed: number;
  train_batch_size: number;
  'rollout.n': number;
  'rollout.temperature': number;
  'rollout.top_p': number;
  'filter_groups.enable': boolean;
  'filter_groups.metric': 'acc' | 'reward';
  'filter_groups.max_num_gen_batches': number;
}

/** Who samples, and from which sources. */
export interface Generator {
  policy: Policy;
  tokenizer: Tokenizer;
  shares: readonly Share[];
}

/** A sampled and graded batch. */
export interface Generated {
  /** All groups, of every source in turn. */
  groups: GradedGroup[];
  /** Those to learn from: all, or with `filter_groups` those whose completions differ in the metric. */
  kept: GradedGroup[];
  /** Examples that sources teach instead of asking. */
  taught: Sequence[];
  /** Rounds of sampling of the source that needed most. */
  rounds: number;
  /** Wall-clock, milliseconds. */
  samplingTime: number;
  gradingTime: number;
}

/** Sets the draws of further rounds of one step apart from those of any step's first. */
const ROUND_STREAM = 2 ** 24;

/**
 * Draws prompts of each source (its share of the batch, or what it has; the last source fills up), samples `n`
 * completions of each and grades them. With `filter_groups` (dynamic sampling of DAPO, arXiv 2503.14476) a source
 * goes on until it has as many groups that teach something as it was asked for, or has tried often enough.
 */
export async function generateBatch(
  generator: Generator,
  step: number,
  options: GenerateOptions,
): Promise<Generated> {
  const { shares } = generator;
  const batch: Generated = { groups: [], kept: [], taught: [], rounds: 0, samplingTime: 0, gradingTime: 0 };
  let left = options.train_batch_size;
  for (const [index, share] of shares.entries()) {
    const size = options.train_batch_size;
    const wanted = index === shares.length - 1 ? left : Math.min(left, Math.floor(size * share.ratio));
    const limit = options['filter_groups.enable'] ? options['filter_groups.max_num_gen_batches'] : 1;
    if (share.source.teach) {
      const examples = share.source.teach(step, wanted);
      batch.taught.push(...examples);
      left -= examples.length;
      continue;
    }
    const kept: GradedGroup[] = [];
    let drawn = 0;
    for (let round = 0; round < limit && kept.length < wanted; round++) {
      const prompts = share.source.draw(step, wanted);
      if (prompts.length === 0) break;
      if (round === 0) drawn = prompts.length;
      const stream = step * shares.length + index + round * ROUND_STREAM;
      const groups = await gradedGroups(generator, share, prompts, stream, options, batch);
      batch.groups.push(...groups);
      kept.push(...groups.filter((group) => teaches(group, options)));
      batch.rounds = Math.max(batch.rounds, round + 1);
    }
    batch.kept.push(...kept.slice(0, wanted));
    left -= drawn;
  }
  return batch;
}

function teaches({ grades }: GradedGroup, options: GenerateOptions): boolean {
  if (!options['filter_groups.enable']) return true;
  const byAccuracy = options['filter_groups.metric'] === 'acc';
  return !isConstant(grades.map(({ accuracy, reward }) => (byAccuracy ? accuracy : reward)));
}

async function gradedGroups(
  generator: Generator,
  share: Share,
  prompts: Prompt[],
  stream: number,
  options: GenerateOptions,
  times: { samplingTime: number; gradingTime: number },
): Promise<GradedGroup[]> {
  const start = performance.now();
  const completions = await complete(generator, share, prompts, stream, options);
  const sampledAt = performance.now();
  const grades = await share.source.grade(prompts, completions);
  times.samplingTime += sampledAt - start;
  times.gradingTime += performance.now() - sampledAt;
  return prompts.map((prompt, i) => ({
    prompt,
    completions: completions[i],
    grades: grades[i].map((grade, j) =>
      withPenalty(
        grade,
        overlongPenalty(completions[i][j].tokens.length, share.source.maxNewTokens, options),
      ),
    ),
  }));
}

function withPenalty(grade: Grade, penalty: number): Grade {
  if (penalty === 0) return grade;
  return { ...grade, reward: grade.reward + penalty, parts: { ...grade.parts, overlong: penalty } };
}

async function complete(
  { policy, tokenizer }: Generator,
  share: Share,
  prompts: Prompt[],
  stream: number,
  options: GenerateOptions,
): Promise<Completion[][]> {
  const sampled = await sample(
    policy,
    prompts.map((prompt) => prompt.tokens),
    {
      n: options['rollout.n'],
      maxNewTokens: share.source.maxNewTokens,
      temperature: options['rollout.temperature'],
      topP: options['rollout.top_p'],
      eosId: tokenizer.eosId,
      seed: options.seed,
      stream,
    },
  );
  return sampled.map((group) => group.map((one) => toCompletion(one, tokenizer)));
}

/** Rewards of the greedy completion of each prompt (the baseline of ReMax, arXiv 2310.10505). */
export async function greedyRewards(
  { policy, tokenizer, shares }: Generator,
  groups: readonly GradedGroup[],
): Promise<number[]> {
  const rewards: number[] = new Array(groups.length);
  for (const { source } of shares) {
    const own = groups.map((_, i) => i).filter((i) => groups[i].prompt.source === source.name);
    if (own.length === 0) continue;
    const prompts = own.map((i) => groups[i].prompt);
    const sampled = await sample(
      policy,
      prompts.map((prompt) => prompt.tokens),
      {
        n: 1,
        maxNewTokens: source.maxNewTokens,
        temperature: 0,
        topP: 1,
        eosId: tokenizer.eosId,
        seed: 0,
        stream: 0,
      },
    );
    const grades = await source.grade(
      prompts,
      sampled.map((group) => group.map((one) => toCompletion(one, tokenizer))),
    );
    own.forEach((i, j) => {
      rewards[i] = grades[j][0].reward;
    });
  }
  return rewards;
}

/** A sampled completion with its text. */
export function toCompletion(sampled: Sampled, tokenizer: Tokenizer): Completion {
  const { tokens, terminated } = sampled;
  return { ...sampled, text: tokenizer.decode(terminated ? tokens.slice(0, -1) : tokens) };
}
