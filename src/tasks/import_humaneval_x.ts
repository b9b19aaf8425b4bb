import type { AssertionTask } from './import_assertions.ts';
import { RecordError, readAssertionTasks, textField } from './import_records.ts';

const FORMAT = 'task_id, prompt, declaration, canonical_solution, test';
const DECLARATION = /^(?:const|let|var|(?:async )?function\*?)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;

/**
 * Tasks of a file in the format of HumanEval-X for JavaScript: one object a line with `task_id`, `prompt`,
 * `declaration`, `canonical_solution` and `test`, whose tests call `console.assert`. Other keys are ignored.
 */
export function importHumanEvalX(jsonLines: string): AssertionTask[] {
  return readAssertionTasks(jsonLines, FORMAT, (record) => {
    const head = textField(record, 'declaration');
    // Helpers come first: the last function that the declaration opens is the one to write.
    const entry = [...head.matchAll(DECLARATION)].at(-1)?.[1];
    if (entry === undefined)
      throw new RecordError(
        `"declaration" must open a function, as "const f = (a) => {", got ${JSON.stringify(head).slice(0, 60)}`,
      );
    return {
      id: textField(record, 'task_id'),
      prompt: textField(record, 'prompt'),
      entry,
      head,
      solution: textField(record, 'canonical_solution'),
      test: textField(record, 'test'),
    };
  });
}
