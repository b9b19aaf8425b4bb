import type { Tokenizer } from '../policy/tokenizer.ts';
import { canonical, type Value } from '../program/values.ts';
import { CODE, type CodeItem, testsOf } from '../rl/code_source.ts';
import type { Rollout } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { programOf } from '../tasks/format.ts';
import { type AlignmentItem, answerOf, isAskable, itemOf, questionOf, type TruthOptions } from './item.ts';

/** Options of the selection, as in the configuration. */
export interface SelectionOptions extends TruthOptions {
  align_rollouts: 'failed' | 'all' | 'passed';
  align_input: 'first' | 'failing';
  align_max_prompt_tokens: number;
  align_max_new_tokens: number;
}

/** How many programs each step of the selection took out (the funnel), candidates to kept. */
export interface SelectionCounts {
  candidates: number;
  passed: number;
  /** Failed ones, where only those that passed are wanted. */
  failed: number;
  not_runnable: number;
  no_values: number;
  duplicate: number;
  too_long: number;
  kept: number;
}

/**
 * Failed but runnable programs of one step (`align_rollouts`: or all, or those that passed) as alignment items, by the
 * steps of CodeRL+'s released code: passed ones out, those that do not run out, one a (input, output), short enough
 * questions only.
 */
export async function selectItems(
  groups: readonly Rollout[][],
  sandbox: Sandbox,
  tokenizer: Tokenizer,
  options: SelectionOptions,
): Promise<{ items: AlignmentItem[]; counts: SelectionCounts }> {
  const candidates = groups.flat().filter(({ prompt }) => prompt.source === CODE);
  const counts: SelectionCounts = {
    candidates: candidates.length,
    passed: 0,
    failed: 0,
    not_runnable: 0,
    no_values: 0,
    duplicate: 0,
    too_long: 0,
    kept: 0,
  };
  const wanted = candidates.filter(({ grade, completion }) => {
    const passed = grade.verdict === 'pass';
    if (passed && options.align_rollouts === 'failed') counts.passed++;
    else if (!completion.terminated || !(passed || grade.verdict === 'wrong_answer')) counts.not_runnable++;
    else if (!passed && options.align_rollouts === 'passed') counts.failed++;
    else return true;
    return false;
  });
  const questions = wanted.map((rollout) => {
    const { task } = rollout.prompt.item as CodeItem;
    return {
      task,
      program: programOf(task, rollout.completion.text),
      inputs: inputOf(rollout, options.align_input),
    };
  });
  const results = await sandbox.run(
    questions.map(({ task, program, inputs }) => ({
      code: program,
      entry: task.entry,
      inputs: [inputs],
      trace: [0],
    })),
  );
  const seen = new Set<string>();
  const items: AlignmentItem[] = [];
  questions.forEach(({ task, program, inputs }, i) => {
    const call = results[i].calls[0];
    const item = itemOf(program, task, inputs, call, options);
    if (!item) {
      counts.not_runnable++;
      return;
    }
    if ((item.truth.length < 2 && options.align_target !== 'output_only') || !isAskable(item)) {
      counts.no_values++;
      return;
    }
    const key = `${inputs.map(canonical).join()} ${canonical(call.value)}`;
    if (seen.has(key)) {
      counts.duplicate++;
      return;
    }
    seen.add(key);
    if (
      tokenizer.encode(questionOf(item)).length > options.align_max_prompt_tokens ||
      tokenizer.encode(answerOf(item)).length + 1 > options.align_max_new_tokens
    ) {
      counts.too_long++;
      return;
    }
    counts.kept++;
    items.push(item);
  });
  return { items, counts };
}

/** The first test's input, or that of the first test that failed. */
function inputOf({ prompt, grade }: Rollout, choice: SelectionOptions['align_input']): Value[] {
  const tests = testsOf((prompt.item as CodeItem).task);
  if (choice === 'first') return tests[0].input;
  const passed = (grade.detail?.passed ?? []) as number[];
  return tests[Math.max(0, passed.indexOf(0))].input;
}
