import { grade } from '../sandbox/grade.ts';
import type { CallResult, ProgramJob, Sandbox } from '../sandbox/types.ts';
import type { TaskFile } from './import_any.ts';
import { assertionJob, assertionSolution, HUMAN_FUEL } from './import_assertions.ts';

/** How the solution of one task did in the sandbox. */
export interface SolutionCheck {
  id: string;
  passed: boolean;
  /** Whether all that it did was recorded. */
  traced: boolean;
  /** Why it did not pass. */
  problem?: string;
}

interface Candidate {
  id: string;
  job: ProgramJob;
  expected: Parameters<typeof grade>[1];
}

/** Runs the solution of each task that has one on the task's own tests, the first call traced. */
export async function checkSolutions(sandbox: Sandbox, file: TaskFile): Promise<SolutionCheck[]> {
  const found = candidates(file);
  const results = await sandbox.run(found.map(({ job }) => job));
  return found.map(({ id, expected }, i): SolutionCheck => {
    const { verdict, error, line } = grade(results[i], expected);
    const [call] = results[i].calls;
    const passed = verdict === 'pass';
    return {
      id,
      passed,
      traced: call.trace !== undefined && !call.trace.truncated,
      ...(!passed && { problem: error ? `${error}${line ? `, line ${line}` : ''}` : wrong(file, call) }),
    };
  });
}

function candidates(file: TaskFile): Candidate[] {
  if (file.format === 'Tracewright') {
    return file.tasks.flatMap(({ id, entry, reference, hiddenTests }) =>
      reference === undefined
        ? []
        : {
            id,
            job: {
              code: reference,
              entry,
              inputs: hiddenTests.map(({ input }) => input),
              trace: [0],
              fuel: HUMAN_FUEL,
            },
            expected: hiddenTests.map(({ expected }) => expected),
          },
    );
  }
  return file.tasks.flatMap((task) =>
    task.solution === undefined
      ? []
      : { id: task.id, job: assertionJob(task, assertionSolution(task), true), expected: [0] },
  );
}

function wrong({ format }: TaskFile, { value }: CallResult): string {
  return format === 'Tracewright' ? 'it returns another value' : `${value} assertions do not hold`;
}
