import type { RolloutRecord } from '../../runs/events.ts';

/** One group of a step in a few numbers. */
export interface GroupSummary {
  group: number;
  source: string;
  promptId: string;
  samples: number;
  mean: number;
  /** Standard deviation of the rewards; 0 teaches nothing. */
  std: number;
  passed: number;
}

/** The groups of a step, in order. */
export function summarize(records: readonly RolloutRecord[]): GroupSummary[] {
  const groups = new Map<number, RolloutRecord[]>();
  for (const record of records) {
    const group = groups.get(record.group);
    if (group) group.push(record);
    else groups.set(record.group, [record]);
  }
  return [...groups.values()].map((members): GroupSummary => {
    const rewards = members.map(({ reward }) => reward);
    const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
    const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards.length;
    return {
      group: members[0].group,
      source: members[0].source,
      promptId: members[0].prompt_id,
      samples: members.length,
      mean,
      std: Math.sqrt(variance),
      passed: members.filter(({ verdict }) => verdict === 'pass').length,
    };
  });
}

/** The group to show first: the code group whose rewards differ most, because that one teaches most. */
export function mostInstructive(records: readonly RolloutRecord[]): number | undefined {
  let best: GroupSummary | undefined;
  const rank = ({ source, std }: GroupSummary) => std + (source === 'code' ? 10 : 0);
  for (const group of summarize(records)) if (!best || rank(group) > rank(best)) best = group;
  return best?.group;
}

/** The completion to show first: the one that the update makes more likely. */
export function mostAdvantaged(records: readonly RolloutRecord[]): RolloutRecord | undefined {
  return records.reduce<RolloutRecord | undefined>(
    (best, record) => (best && best.advantage >= record.advantage ? best : record),
    undefined,
  );
}
