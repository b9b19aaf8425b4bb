import type { AssertionTask } from './import_assertions.ts';
import { readAssertionTasks, textField } from './import_records.ts';

const FORMAT = 'task_id, prompt, entry_point, test';

/**
 * Tasks of a file in the format of MBXP for JavaScript: one object a line with `task_id`, `prompt`, `entry_point`
 * and `test`, and `canonical_solution` where one is known; the solution goes on where the prompt ends. Other keys
 * are ignored.
 */
export function importMbxp(jsonLines: string): AssertionTask[] {
  return readAssertionTasks(jsonLines, FORMAT, (record) => {
    const prompt = textField(record, 'prompt');
    return {
      id: textField(record, 'task_id'),
      prompt,
      entry: textField(record, 'entry_point'),
      head: prompt,
      ...(record.canonical_solution != null && { solution: textField(record, 'canonical_solution') }),
      test: textField(record, 'test'),
    };
  });
}
