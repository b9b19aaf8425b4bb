import { testsOf } from '../rl/code_source.ts';
import type { Completion } from '../rl/types.ts';
import { grade } from '../sandbox/grade.ts';
import type { Sandbox, Verdict } from '../sandbox/types.ts';
import { programOf } from '../tasks/format.ts';
import type { Task } from '../tasks/types.ts';

/** How a program did on its task's tests. */
export interface Outcome {
  pass: boolean;
  visible: boolean;
  verdict: Verdict;
}

/** Runs programs, any number for each task, on all its tests. */
export async function gradePrograms(
  sandbox: Sandbox,
  tasks: readonly Task[],
  completions: readonly Completion[][],
): Promise<Outcome[][]> {
  const results = await sandbox.run(
    tasks.flatMap((task, i) =>
      completions[i].map(({ text }) => ({
        code: programOf(task, text),
        entry: task.entry,
        inputs: testsOf(task).map((test) => test.input),
      })),
    ),
  );
  let at = 0;
  return tasks.map((task, i) =>
    completions[i].map(({ terminated }) => {
      const { verdict, passed } = grade(
        results[at++],
        testsOf(task).map((test) => test.expected),
      );
      return {
        verdict,
        pass: terminated && verdict === 'pass',
        visible: terminated && passed.slice(0, task.visibleTests.length).every(Boolean),
      };
    }),
  );
}
