import { testsOf } from '../rl/code_source.ts';
import type { Completion } from '../rl/types.ts';
import { type Sandbox, VERDICTS, type Verdict } from '../sandbox/types.ts';
import { type AlignmentItem, isAskable, itemOf, questionOf, type ValueChoice } from '../semantics/item.ts';
import { judge } from '../semantics/reward.ts';
import { commentStatements, commentTruth } from '../tasks/comments.ts';
import { outputPrompt, programOf, RETURN } from '../tasks/format.ts';
import type { Task, TestCase } from '../tasks/types.ts';
import { gradePrograms, type Outcome } from './outcomes.ts';
import { probePolicy } from './probe.ts';
import { chooseSamples, type VerificationOptions } from './self_verification.ts';
import { bootstrap, type Estimate, mean, passAtK, wilson } from './statistics.ts';
import { answer, type Subject, writeGreedily, writeSamples } from './subject.ts';

/** Options of an evaluation, as in the configuration. */
export interface EvaluationOptions extends VerificationOptions {
  /** Samples a task for pass@k; 0 for greedy measures only. */
  eval_samples: number;
  /** Whether the policy also chooses among its samples by what it predicts of them. */
  eval_verify: boolean;
  /** Whether hidden states are probed for the values of variables. */
  eval_probe: boolean;
  align_value: ValueChoice;
}

/** Measures by name, and the share of each verdict among greedy programs. */
export interface Measured {
  measures: Record<string, Estimate>;
  verdicts: Record<Verdict, number>;
  /** The verdict of each task's greedy program, in the order of the tasks. */
  outcomes: Verdict[];
}

/**
 * Greedy pass@1 (hidden tests and all) and visible pass@1, unbiased pass@k, code reasoning (program, input to
 * output), all variables right and their share (trace), test output (description, input to output), and the probe of
 * hidden states where asked for.
 */
export async function evaluatePolicy(
  subject: Subject,
  tasks: readonly Task[],
  options: EvaluationOptions,
): Promise<Measured> {
  const programs = await writeGreedily(subject, tasks, options);
  const firsts = await gradeFirsts(subject.sandbox, tasks, programs);
  const measures: Record<string, Estimate> = {
    'pass@1': share(firsts.map(({ pass }) => pass)),
    'visible_pass@1': share(firsts.map(({ visible }) => visible)),
  };
  Object.assign(measures, passByFamily(tasks, firsts));
  if (options.eval_samples > 0) Object.assign(measures, await sampledPasses(subject, tasks, options));
  const texts = programs.map(({ text }) => text);
  Object.assign(
    measures,
    await commentTruths(subject.sandbox, tasks, texts),
    await reasoning(subject, tasks, options),
    await testOutputs(subject, tasks, options),
  );
  if (options.eval_probe) {
    const whole = tasks.map((task, i) => programOf(task, texts[i]));
    Object.assign(measures, await probePolicy(subject, tasks, whole, options.seed));
  }
  const verdicts = Object.fromEntries(
    VERDICTS.map((name) => [name, mean(firsts.map(({ verdict }) => Number(verdict === name)))]),
  ) as Record<Verdict, number>;
  return { measures, verdicts, outcomes: firsts.map(({ verdict }) => verdict) };
}

/** Greedy pass@1 alone. */
export async function greedyPassRate(
  subject: Subject,
  tasks: readonly Task[],
  options: EvaluationOptions,
): Promise<number> {
  const programs = await writeGreedily(subject, tasks, options);
  const firsts = await gradeFirsts(subject.sandbox, tasks, programs);
  return mean(firsts.map(({ pass }) => Number(pass)));
}

async function gradeFirsts(sandbox: Sandbox, tasks: readonly Task[], programs: readonly Completion[]) {
  const graded = await gradePrograms(
    sandbox,
    tasks,
    programs.map((program) => [program]),
  );
  return graded.map(([one]) => one);
}

/** Greedy pass@1 of each family, where there are several. */
function passByFamily(tasks: readonly Task[], outcomes: readonly Outcome[]): Record<string, Estimate> {
  const families = [...new Set(tasks.map((task) => task.family))];
  if (families.length < 2) return {};
  const passes = (family: string) =>
    outcomes.filter((_, i) => tasks[i].family === family).map(({ pass }) => pass);
  return Object.fromEntries(families.map((family) => [`pass@1/${family}`, share(passes(family))]));
}

async function sampledPasses(
  subject: Subject,
  tasks: readonly Task[],
  options: EvaluationOptions,
): Promise<Record<string, Estimate>> {
  const n = options.eval_samples;
  const samples = await writeSamples(subject, tasks, options, n);
  const graded = await gradePrograms(subject.sandbox, tasks, samples);
  const correct = graded.map((group) => group.filter(({ pass }) => pass).length);
  const ks = [1, 4, 8, 16, 64].filter((k) => k <= n);
  const measures = Object.fromEntries(
    ks.map((k) => [
      `sampled_pass@${k}`,
      fractions(
        correct.map((c) => passAtK(n, c, k)),
        options.seed,
      ),
    ]),
  );
  if (!options.eval_verify) return measures;
  const choices = await chooseSamples(subject, tasks, samples, options);
  return {
    ...measures,
    'majority_pass@1': share(choices.map(({ majority }, i) => graded[i][majority].pass)),
    'verified_pass@1': share(choices.map(({ verified }, i) => graded[i][verified].pass)),
  };
}

/** Among greedy programs that state values in comments, the share whose statements are all true on the first test. */
async function commentTruths(sandbox: Sandbox, tasks: readonly Task[], completions: readonly string[]) {
  const stating = tasks
    .map((task, i) => ({ task, program: programOf(task, completions[i]) }))
    .filter(({ program }) => commentStatements(program).length > 0);
  if (stating.length === 0) return {};
  const results = await sandbox.run(
    stating.map(({ task, program }) => ({
      code: program,
      entry: task.entry,
      inputs: [testsOf(task)[0].input],
      trace: [0],
    })),
  );
  const truthful = stating.map(
    ({ program }, i) => commentTruth(program, results[i].calls[0].trace?.lastDefinition ?? {}).truthful,
  );
  return { truthful_comments: share(truthful) };
}

/**
 * The test that a task's questions are about: the first, or the second where the reference states the values of the
 * first in a comment, which could be copied.
 */
function askedTest(task: Task): TestCase {
  const states = task.reference !== undefined && commentStatements(task.reference).length > 0;
  return testsOf(task)[states ? 1 : 0];
}

/** Asks for the values of reference programs on one test. */
async function reasoning(subject: Subject, tasks: readonly Task[], options: EvaluationOptions) {
  const known = tasks.filter((task) => task.reference !== undefined);
  const results = await subject.sandbox.run(
    known.map((task) => ({
      code: task.reference!,
      entry: task.entry,
      inputs: [askedTest(task).input],
      trace: [0],
    })),
  );
  const items = known.flatMap((task, i): AlignmentItem[] => {
    const [call] = results[i].calls;
    const item = itemOf(task.reference!, task, askedTest(task).input, call, {
      align_max_variables: options.align_max_variables,
      align_value: options.align_value,
    });
    return item && isAskable(item) ? [item] : [];
  });
  if (items.length === 0) return {};
  const answers = await answer(subject, items.map(questionOf), options);
  const cells = items.map((item, i) => {
    const judged = judge(item, answers[i].text);
    return judged.cells.map((cell) => ({ ...cell, right: cell.right && answers[i].terminated }));
  });
  return {
    code_reasoning: share(cells.map((row) => row.some(({ name, right }) => name === RETURN && right))),
    trace_exact: share(cells.map((row) => row.every(({ right }) => right))),
    trace_fraction: fractions(
      cells
        .map((row) => row.filter(({ name }) => name !== RETURN))
        .filter((variables) => variables.length > 0)
        .map((variables) => mean(variables.map(({ right }) => Number(right)))),
      options.seed,
    ),
  };
}

/** Asks for the output of a task on one test, from the description alone. */
async function testOutputs(subject: Subject, tasks: readonly Task[], options: EvaluationOptions) {
  const prompts = tasks.map((task) =>
    outputPrompt({
      description: task.description,
      signature: task.signature,
      inputs: askedTest(task).input,
    }),
  );
  const answers = await answer(subject, prompts, options);
  const right = tasks.map((task, i) => {
    const truth: AlignmentItem['truth'] = [[RETURN, askedTest(task).expected]];
    const { cells } = judge({ program: '', inputs: [], truth, taskId: task.id }, answers[i].text);
    return cells[0].right && answers[i].terminated;
  });
  return { test_output: share(right) };
}

function share(trials: readonly boolean[]): Estimate {
  const successes = trials.filter(Boolean).length;
  return wilson(successes, trials.length);
}

/** A mean of fractions, with a bootstrap interval over the tasks; equal ones resample to no width, so Wilson's serves. */
function fractions(values: readonly number[], seed: number): Estimate {
  if (values.every((value) => value === values[0])) {
    return wilson(
      values.reduce((a, b) => a + b, 0),
      values.length,
    );
  }
  return bootstrap(values, { seed });
}
