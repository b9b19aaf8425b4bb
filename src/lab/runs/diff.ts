import type { Config, OptionName } from '../../runs/config.ts';
import { OPTION_NAMES } from '../../runs/options.ts';

/** One key that two configurations give different values. */
export interface Difference {
  name: OptionName;
  before: Config[OptionName];
  after: Config[OptionName];
}

/** The keys in which a configuration differs from another, the method first, in the order of `OPTIONS`. */
export function differences(before: Config, after: Config): Difference[] {
  return OPTION_NAMES.filter((name) => before[name] !== after[name]).map((name) => ({
    name,
    before: before[name],
    after: after[name],
  }));
}

/** `lr 0.0001 → 0.0002`. */
export function describeDifference({ name, before, after }: Difference): string {
  return `${name} ${before} → ${after}`;
}
