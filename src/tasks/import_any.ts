import { benchmarkOf } from './benchmark.ts';
import { importTasks } from './import.ts';
import type { AssertionTask } from './import_assertions.ts';
import { importHumanEvalX } from './import_humaneval_x.ts';
import { importMbxp } from './import_mbxp.ts';
import type { Task } from './types.ts';

/** A file of tasks in one of the known formats. */
export type TaskFile =
  | { format: 'HumanEval-X' | 'MBXP'; tasks: AssertionTask[] }
  | { format: 'Tracewright'; tasks: Task[] };

/** Reads a JSON Lines text in any known format; the first line that is JSON decides which. */
export function importAny(jsonLines: string): TaskFile {
  switch (benchmarkOf(firstRecord(jsonLines))) {
    case 'HumanEval-X':
      return { format: 'HumanEval-X', tasks: importHumanEvalX(jsonLines) };
    case 'MBXP':
      return { format: 'MBXP', tasks: importMbxp(jsonLines) };
    default:
      return { format: 'Tracewright', tasks: importTasks(jsonLines) };
  }
}

function firstRecord(jsonLines: string): unknown {
  for (const line of jsonLines.replace(/^\uFEFF/, '').split('\n')) {
    try {
      return JSON.parse(line);
    } catch {
      // The reader of the format names every faulty line.
    }
  }
  return undefined;
}
