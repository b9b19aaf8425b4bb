import type { Tokenizer } from '../policy/tokenizer.ts';
import type { Sequence } from '../rl/batches.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { answerOf, isAskable, itemOf, questionOf, type ValueChoice } from '../semantics/item.ts';
import { codePrompt, completionOf, formatAnswer, outputPrompt, RETURN } from '../tasks/format.ts';
import type { TaskStream } from '../tasks/generate.ts';
import type { Task } from '../tasks/types.ts';
import { random } from '../tensor/random.ts';

/** Options of supervised training, as in the configuration. */
export interface SupervisedOptions {
  seed: number;
  steps: number;
  lr: number;
  lr_warmup_steps: number;
  train_batch_size: number;
  'sft.execution_steps': number;
  'sft.code_lr': number;
  'sft.code_share': number;
  'sft.output_share': number;
  align_max_variables: number;
  align_value: ValueChoice;
}

/** Largest share of the learning rate that is left at the end of a phase. */
const FLOOR = 0.1;

/**
 * Learning rate of a step (from 1): first execution only, then descriptions too, each phase a cosine from its
 * peak to a tenth of it after a linear warm-up.
 */
export function supervisedLearningRate(step: number, options: SupervisedOptions): number {
  const first = Math.min(options['sft.execution_steps'], options.steps);
  const [peak, done, length] =
    step <= first ? [options.lr, step, first] : [options['sft.code_lr'], step - first, options.steps - first];
  const warmup = Math.min(1, done / Math.max(1, options.lr_warmup_steps));
  const cosine = 0.5 * (1 + Math.cos((Math.PI * done) / length));
  return peak * warmup * (FLOOR + (1 - FLOOR) * cosine);
}

/**
 * The supervised examples of a step: (program, call, values) in the execution phase; after it also
 * (description, program) and (description, call, output). The truth of values comes from running the program.
 */
export async function supervisedBatch(
  step: number,
  tasks: TaskStream,
  tokenizer: Tokenizer,
  sandbox: Sandbox,
  options: SupervisedOptions,
): Promise<Sequence[]> {
  const size = options.train_batch_size;
  const source = random(options.seed, 0x5f7, step);
  const chosen = Array.from({ length: size }, (_, i) => {
    const task = tasks.at((step - 1) * size + i);
    const u = source.uniform();
    const inExecution = step <= options['sft.execution_steps'];
    const kind =
      inExecution || u >= options['sft.code_share'] + options['sft.output_share']
        ? 'execution'
        : u < options['sft.code_share']
          ? 'code'
          : 'output';
    return { task, kind, test: source.pick([...task.visibleTests, ...task.hiddenTests]) };
  });
  const questions = chosen.filter(({ kind }) => kind === 'execution');
  const results = await sandbox.run(
    questions.map(({ task, test }) => ({
      code: program(task),
      entry: task.entry,
      inputs: [test.input],
      trace: [0],
    })),
  );
  const execution = new Map(questions.map((question, i) => [question, results[i].calls[0]]));
  return chosen.map((example) => {
    const { task, kind, test } = example;
    if (kind === 'code') return sequence(tokenizer, codePrompt(task), completionOf(task, program(task)));
    if (kind === 'output') {
      const prompt = outputPrompt({
        description: task.description,
        signature: task.signature,
        inputs: test.input,
      });
      return sequence(tokenizer, prompt, formatAnswer([[RETURN, test.expected]]));
    }
    const call = execution.get(example)!;
    const item = itemOf(program(task), task, test.input, call, {
      align_max_variables: options.align_max_variables,
      align_value: options.align_value,
    });
    if (!item || !isAskable(item)) {
      throw new Error(
        `supervisedBatch(): the reference of task ${task.id} gives no values to learn from on ${JSON.stringify(test.input)}: ${call.error ?? 'its result cannot be written down'}; correct the reference`,
      );
    }
    return sequence(tokenizer, questionOf(item), answerOf(item));
  });
}

function program(task: Task): string {
  if (task.reference === undefined) {
    throw new Error(`supervised training needs reference solutions, but task ${task.id} has none`);
  }
  return task.reference;
}

function sequence(tokenizer: Tokenizer, prompt: string, answer: string): Sequence {
  return { prompt: tokenizer.encode(prompt), completion: [...tokenizer.encode(answer), tokenizer.eosId] };
}
