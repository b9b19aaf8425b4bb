import type { Tokenizer } from '../policy/tokenizer.ts';
import type { Value } from '../program/values.ts';
import { type Grading, grade } from '../sandbox/grade.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { codePrompt, programOf } from '../tasks/format.ts';
import type { TaskStream } from '../tasks/generate.ts';
import type { Task, TestCase } from '../tasks/types.ts';
import type { Completion, Grade, Prompt, PromptSource } from './types.ts';

/** Name of the source whose programs alignment learns from. */
export const CODE = 'code';

/** What the code source grades by. */
export interface CodeItem {
  task: Task;
}

/** Options of the code source. */
export interface CodeSourceOptions {
  maxNewTokens: number;
}

/** All tests of a task, visible ones first. */
export function testsOf(task: Task): TestCase[] {
  return [...task.visibleTests, ...task.hiddenTests];
}

/** Code generation: a description is the prompt, and the reward is 1 when the program passes all tests, else 0. */
export function codeSource(
  tasks: TaskStream,
  tokenizer: Tokenizer,
  sandbox: Sandbox,
  options: CodeSourceOptions,
): PromptSource {
  let drawn = 0;
  return {
    name: CODE,
    maxNewTokens: options.maxNewTokens,
    draw(_step, count) {
      return Array.from({ length: count }, (): Prompt<CodeItem> => {
        const task = tasks.at(drawn++);
        const text = codePrompt(task);
        return { id: task.id, source: CODE, text, tokens: tokenizer.encode(text), item: { task } };
      });
    },
    async grade(prompts, completions) {
      const jobs = prompts.flatMap((prompt, i) => {
        const { task } = prompt.item as CodeItem;
        const inputs: Value[][] = testsOf(task).map((test) => test.input);
        return completions[i].map(({ text }) => ({ code: programOf(task, text), entry: task.entry, inputs }));
      });
      const results = await sandbox.run(jobs);
      let at = 0;
      return prompts.map((prompt, i) => {
        const { task } = prompt.item as CodeItem;
        const expected = testsOf(task).map((test) => test.expected);
        return completions[i].map((completion) => codeGrade(completion, grade(results[at++], expected)));
      });
    },
    async observe() {
      return {};
    },
    save: () => ({ drawn }),
    restore(saved) {
      drawn = (saved as { drawn: number }).drawn;
    },
  };
}

function codeGrade(completion: Completion, result: Grading): Grade {
  const passed = result.passed.filter(Boolean).length;
  const pass = result.verdict === 'pass' && completion.terminated;
  return {
    reward: pass ? 1 : 0,
    accuracy: pass ? 1 : 0,
    parts: { tests_passed: passed / result.passed.length, terminated: completion.terminated ? 1 : 0 },
    verdict: result.verdict,
    detail: {
      passed: result.passed.map(Number),
      ...(result.error ? { error: result.error, line: result.line } : {}),
    },
  };
}
