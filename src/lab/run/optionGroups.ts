import type { OptionName } from '../../runs/config.ts';
import { OPTION_NAMES } from '../../runs/options.ts';

/** The keys that are always in sight; the others are folded away. */
export const FIRST: readonly OptionName[] = ['method', 'steps', 'seed', 'device'];

/** Titles of the groups, each with the key that it begins with: a new option falls into the group before it. */
const TITLES: readonly [title: string, first: OptionName][] = [
  ['Method', 'algorithm'],
  ['Tasks and sampling', 'families'],
  ['Learning', 'adv_estimator'],
  ['Alignment (CodeRL+)', 'align_ratio'],
  ['Supervised training', 'sft.execution_steps'],
  ['A new policy (supervised only)', 'policy.hidden_size'],
  ['Evaluation', 'eval_every'],
  ['Engine', 'threads'],
];

/** All keys but the first ones, in titled groups, in the order of `OPTIONS`. */
export function optionGroups(): { title: string; names: OptionName[] }[] {
  const groups: { title: string; names: OptionName[] }[] = [];
  for (const name of OPTION_NAMES) {
    if (FIRST.includes(name)) continue;
    const begins = TITLES.find(([, first]) => first === name);
    if (begins || groups.length === 0) groups.push({ title: begins?.[0] ?? 'Options', names: [] });
    groups.at(-1)!.names.push(name);
  }
  return groups;
}
