import type { StepMetrics } from '../../runs/events.ts';

/** One stage of the selection: how many programs are left, and how many went out before it and why. */
export interface Stage {
  label: string;
  left: number;
  /** Taken out to get here. */
  out: number;
}

const OUT: [key: string, label: string][] = [
  ['passed', 'failed a test'],
  ['failed', 'passed every test'],
  ['not_runnable', 'run to their end'],
  ['no_values', 'have values that can be written down'],
  ['duplicate', 'differ in input and output'],
  ['too_long', 'short enough to ask about'],
];

/** The selection of a step from candidates to kept; undefined where the step selected nothing. */
export function funnelOf(metrics: StepMetrics | undefined): Stage[] | undefined {
  const candidates = metrics?.['alignment/candidates'];
  if (metrics === undefined || candidates === undefined) return undefined;
  const stages: Stage[] = [{ label: 'programs sampled', left: candidates, out: 0 }];
  for (const [key, label] of OUT) {
    const out = metrics[`alignment/${key}`] ?? 0;
    if (key === 'failed' && out === 0) continue;
    stages.push({ label, left: stages.at(-1)!.left - out, out });
  }
  return stages;
}
