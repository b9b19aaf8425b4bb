import type { CellResult } from '../runs/sweep/collect.ts';
import { measured } from './results.ts';
import type { Tuned } from './suite.ts';

/** What came of the candidates of one setting. */
export interface TuningResult {
  key: string;
  /** Validation pass@1 by learning rate, as far as it is known. */
  candidates: { lr: number; passRate: number | undefined }[];
  /** The best one; the smaller at a tie. Undefined until all candidates are known. */
  chosen?: number;
}

/**
 * Chooses learning rates by greedy pass@1 on validation tasks.
 * @param cells in the order of `tuningConfigs`; undefined where a training has not come to its end
 */
export function tuningResults(
  settings: readonly Tuned[],
  cells: readonly (CellResult | undefined)[],
): TuningResult[] {
  let at = 0;
  return settings.map(({ key, candidates: rates }) => {
    const candidates = rates.map((lr) => {
      const cell = cells[at++];
      return { lr, passRate: cell && measured(cell, 'pass@1') };
    });
    const known = candidates.every(({ passRate }) => passRate !== undefined);
    const best = candidates.reduce((most, one) => (one.passRate! > most.passRate! ? one : most));
    return { key, candidates, chosen: known ? best.lr : undefined };
  });
}
