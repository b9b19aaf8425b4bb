import type { RolloutRecord, StepMetrics } from '../../runs/events.ts';
import type { AlignmentItem } from '../../semantics/item.ts';
import type { View } from '../state/view.ts';

/** One alignment question with the policy's answers, and the counts of the selection at its step. */
export interface AlignmentProps {
  /** The group of answers (source `alignment`), by sample; empty where the step asked nothing. */
  records: readonly RolloutRecord[];
  item: AlignmentItem | undefined;
  /** Metrics of the same step; `alignment/candidates` to `alignment/kept` are the funnel. */
  metrics: StepMetrics | undefined;
  /** Groups of the step that are alignment questions, to choose from. */
  groups: readonly number[];
  changeView: (change: Partial<View>) => void;
}

/** The question, the truth and the answers, cell by cell. */
export function AlignmentPanel(_props: AlignmentProps) {
  return null;
}
