import type { RunContents } from '../runs/archive.ts';
import { summarize } from '../state/groups.ts';
import type { StepRollouts } from '../state/run.ts';

/** How much of a run a recording keeps. */
export interface TrimOptions {
  /** Every how many steps groups are kept; the first and the last always. */
  every: number;
  /** Groups a step that ask for programs, and that ask alignment questions. */
  code: number;
  others: number;
}

/** The run with the groups of some steps alone, those whose rewards differ most; everything else whole. */
export function trim(contents: RunContents, { every, code, others }: TrimOptions): RunContents {
  const last = contents.steps.at(-1)?.step;
  const steps = contents.steps
    .filter(({ step }) => step === 1 || step === last || step % every === 0)
    .map((rollouts) => {
      const asked = contents.updated.filter(({ step }) => step === rollouts.step).map(({ group }) => group);
      return onlyGroups(rollouts, new Set([...asked, ...differing(rollouts, code, others)]));
    });
  const kept = new Set(steps.map(({ step }) => step));
  return {
    ...contents,
    steps,
    updated: contents.updated.filter(({ step }) => kept.has(step)),
    policy: undefined,
  };
}

function differing({ records }: StepRollouts, code: number, others: number): number[] {
  const groups = summarize(records).sort((a, b) => b.std - a.std);
  const isCode = ({ source }: { source: string }) => source === 'code';
  return [
    ...groups.filter(isCode).slice(0, code),
    ...groups.filter((group) => !isCode(group)).slice(0, others),
  ].map(({ group }) => group);
}

function onlyGroups({ step, records, details }: StepRollouts, groups: ReadonlySet<number>): StepRollouts {
  return {
    step,
    records: records.filter(({ group }) => groups.has(group)),
    details: details.filter(({ group }) => groups.has(group)),
  };
}
