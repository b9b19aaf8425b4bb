import { isParseError, parseProgram } from '../program/parse.ts';
import { definedVariables } from '../program/scope.ts';
import { canonical } from '../program/values.ts';
import type { Completion } from '../rl/types.ts';
import { executionPrompt, parseAnswer, programOf, RETURN } from '../tasks/format.ts';
import type { Task } from '../tasks/types.ts';
import { answer, type Subject, type SubjectOptions } from './subject.ts';

/** Options of self-verification, as in the configuration. */
export interface VerificationOptions extends SubjectOptions {
  align_max_variables: number;
  align_max_prompt_tokens: number;
}

/** Which sample of a task each way of choosing takes, by its place. */
export interface Choices {
  /** The text that was written most often; the first of those at a tie. */
  majority: number;
  /** The text whose predicted outputs agree with most visible tests; the more frequent, then the first, at a tie. */
  verified: number;
}

/** One text among the samples of a task. */
interface Candidate {
  /** The place of its first sample. */
  first: number;
  votes: number;
  /** Visible tests whose output the policy predicts for it. */
  agreed: number;
}

/**
 * Lets the policy choose among its own samples without running anything: it is asked, greedily and in the form of an
 * alignment question, what each program returns for the inputs of the task's visible tests, and the program whose
 * predictions agree with the expected outputs is taken. A policy that can execute in its head gains by it.
 */
export async function chooseSamples(
  subject: Subject,
  tasks: readonly Task[],
  samples: readonly (readonly Completion[])[],
  options: VerificationOptions,
): Promise<Choices[]> {
  const candidates = samples.map(candidatesOf);
  const questions = tasks.flatMap((task, i) =>
    candidates[i].flatMap((candidate) => {
      const program = programOf(task, samples[i][candidate.first].text);
      const variables = askedOf(program, task.entry, options);
      if (!variables) return [];
      return task.visibleTests.map(({ input, expected }) => ({
        candidate,
        expected,
        prompt: executionPrompt({ inputs: input, program, variables }),
      }));
    }),
  );
  const fitting = questions.filter(
    ({ prompt }) => subject.tokenizer.encode(prompt).length <= options.align_max_prompt_tokens,
  );
  const answers = await answer(
    subject,
    fitting.map(({ prompt }) => prompt),
    options,
  );
  fitting.forEach(({ candidate, expected }, i) => {
    const { text, terminated } = answers[i];
    const predicted = terminated ? parseAnswer(text)?.find(([name]) => name === RETURN) : undefined;
    if (predicted && canonical(predicted[1]) === canonical(expected)) candidate.agreed++;
  });
  return candidates.map((all, i) => {
    // Less than 1, so that votes decide between equals only.
    const share = (votes: number) => votes / (1 + samples[i].length);
    return {
      majority: best(all, ({ votes }) => votes).first,
      verified: best(all, ({ agreed, votes }) => agreed + share(votes)).first,
    };
  });
}

/** The distinct texts of a task's samples, in order. */
function candidatesOf(samples: readonly Completion[]): Candidate[] {
  const found = new Map<string, Candidate>();
  samples.forEach(({ text, terminated }, first) => {
    const key = `${terminated} ${text}`;
    const candidate = found.get(key) ?? { first, votes: 0, agreed: 0 };
    candidate.votes++;
    found.set(key, candidate);
  });
  return [...found.values()];
}

/** What an alignment question about a program asks for; undefined for what is no program. */
function askedOf(
  program: string,
  entry: string,
  { align_max_variables }: VerificationOptions,
): string[] | undefined {
  const parsed = parseProgram(program);
  if (isParseError(parsed)) return undefined;
  return [...definedVariables(parsed, entry).slice(-align_max_variables), RETURN];
}

/** The first of those that score highest. */
function best<T>(items: readonly T[], score: (item: T) => number): T {
  return items.reduce((most, item) => (score(item) > score(most) ? item : most));
}
