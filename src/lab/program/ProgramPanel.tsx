import type { RolloutRecord } from '../../runs/events.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import type { Task } from '../../tasks/types.ts';
import type { View } from '../state/view.ts';

/** What the stepper shows: one completion of a code group, with the task that it answers. */
export interface ProgramProps {
  record: RolloutRecord;
  /** Absent for runs whose tasks were not kept; then only the program's text can be shown. */
  task: Task | undefined;
  /** Starts at the first call; programs run here, never in the page's own thread. */
  sandbox: () => Promise<Sandbox>;
  /** `test` and `trace` of the view: the test stepped through and the step of its trace. */
  view: Pick<View, 'test' | 'trace'>;
  changeView: (change: Partial<View>) => void;
}

/** Steps through a program, the reference beside it. */
export function ProgramPanel(_props: ProgramProps) {
  return null;
}
