import type { Config } from '../../runs/config.ts';
import type { RolloutRecord } from '../../runs/events.ts';

type Rule = Pick<Config, 'adv_estimator' | 'norm_adv_by_std_in_grpo'>;

/** How the advantages of a group come about, with its own numbers. */
export interface Arithmetic {
  mean: number;
  /** Of the group's rewards, unbiased, as the advantages divide by it. */
  std: number;
  /** One sentence for the group. */
  text: string;
}

/** Rules that do more than compare a completion with its group, in words. */
const OTHER_RULES: Partial<Record<Config['adv_estimator'], string>> = {
  rloo: "Advantage = reward minus the mean of the group's other rewards (leave one out).",
  grpo_passk: 'Only the best completion learns, by how far it is ahead of the second.',
  reinforce_plus_plus:
    'Advantage = reward, shifted and scaled over the whole batch to mean 0 and deviation 1.',
  reinforce_plus_plus_baseline:
    "Advantage = reward minus the group's mean, then shifted and scaled over the whole batch.",
  remax: "Advantage = reward minus the reward of the policy's most likely answer.",
  gae: 'Advantage = what came of a token beyond what the critic expected, token by token, scaled over the batch.',
};

/** Mean and deviation of a group, and the rule in words. */
export function arithmeticOf(records: readonly Pick<RolloutRecord, 'reward'>[], rule: Rule): Arithmetic {
  const rewards = records.map(({ reward }) => reward);
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const std = Math.sqrt(squares / Math.max(1, rewards.length - 1));
  return { mean, std, text: inWords(rewards, mean, std, rule) };
}

function inWords(rewards: readonly number[], mean: number, std: number, rule: Rule): string {
  const other = OTHER_RULES[rule.adv_estimator];
  if (other) return other;
  if (rewards.every((reward) => reward === rewards[0])) {
    return `All ${rewards.length} earned ${show(rewards[0])}: nothing is better than the rest, so every advantage is 0 and this group teaches nothing.`;
  }
  const divided = rule.norm_adv_by_std_in_grpo ? `, divided by their standard deviation ${show(std)}` : '';
  return `Advantage = reward minus the mean of the group's rewards ${show(mean)}${divided}.`;
}

/** The advantage of one completion, worked out; undefined where more than its group went into it. */
export function workedOut(
  record: Pick<RolloutRecord, 'reward' | 'advantage'>,
  { mean, std }: Arithmetic,
  rule: Rule,
): string | undefined {
  if (rule.adv_estimator !== 'grpo') return undefined;
  const difference = `${show(record.reward)} − ${show(mean)}`;
  if (record.advantage === 0) return `${difference} = 0`;
  const result = signed(record.advantage);
  return rule.norm_adv_by_std_in_grpo
    ? `(${difference}) / ${show(std)} = ${result}`
    : `${difference} = ${result}`;
}

const show = (value: number) => String(Number(value.toFixed(3)));

/** A number with its sign: `+1.29`, `−0.77`, `0`. */
export function signed(value: number): string {
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
}
