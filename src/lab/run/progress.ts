import type { Config } from '../../runs/config.ts';
import type { RunData } from '../state/run.ts';

/** Steps that the estimate looks back on. */
const WINDOW = 10;

/** Seconds until a run ends, steps and evaluations together; undefined until there is something to go by. */
export function secondsLeft(data: RunData, config: Config): number | undefined {
  const recent = data.metrics.slice(-WINDOW);
  if (recent.length === 0) return undefined;
  const stepTime = recent.reduce((sum, row) => sum + row.step_time, 0) / recent.length;
  const done = data.metrics.at(-1)!.step;
  const { eval_every: every, eval_tasks: tasks, eval_final_tasks: finalTasks } = config;
  const before = data.evaluations.find(({ name }) => name === 'before');
  const perTask = before ? before.seconds / finalTasks : 0;
  const within = every > 0 ? Math.floor((data.totalSteps - 1) / every) - Math.floor(done / every) : 0;
  return (data.totalSteps - done) * stepTime + (Math.max(0, within) * tasks + finalTasks) * perTask;
}
