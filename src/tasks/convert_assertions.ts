import type { Statement } from 'acorn';
import { findEntry } from '../program/names.ts';
import { grade } from '../sandbox/grade.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { type AssertionTask, declareVariables, HUMAN_FUEL, parseSloppy } from './import_assertions.ts';
import { recordedCalls } from './recorded_calls.ts';
import type { TestCase } from './types.ts';

/** A task as a line of the format that `importTasks` reads. */
export interface TaskRecord {
  id: string;
  description: string;
  signature: string;
  tests: TestCase[];
  hidden_tests: TestCase[];
  reference?: string;
}

/** Tests that people are shown; all of them grade. */
const VISIBLE = 3;

/**
 * Makes a task of calls and expected values from one with assertions, which could not reward a policy: its tests
 * become the calls that they make, its solution a program of the form that policies write.
 *
 * @throws Error that says why it cannot be done
 */
export async function convertAssertionTask(sandbox: Sandbox, task: AssertionTask): Promise<TaskRecord> {
  const { signature, reference, parameters } = programParts(task);
  // Arguments left out cannot be told from `undefined`, which is no plain value.
  const calls = (await recordedCalls(sandbox, task)).filter(({ input }) => input.length === parameters);
  if (calls.length === 0) throw new Error(`no test calls it with ${parameters} arguments`);
  if (reference !== undefined) {
    const inputs = calls.map(({ input }) => input);
    const [result] = await sandbox.run([{ code: reference, entry: task.entry, inputs, fuel: HUMAN_FUEL }]);
    const { verdict, error } = grade(
      result,
      calls.map(({ expected }) => expected),
    );
    if (verdict !== 'pass') throw new Error(`its solution alone ends with ${verdict} ${error ?? ''}`.trim());
  }
  return {
    id: task.id,
    description: describe(task.prompt),
    signature,
    tests: calls.slice(0, VISIBLE),
    hidden_tests: calls,
    ...(reference !== undefined && { reference }),
  };
}

/** The first line of the function, and the whole program with helpers after the function. */
function programParts(task: AssertionTask): { signature: string; reference?: string; parameters: number } {
  const code = task.head + (task.solution ?? '}');
  const ast = parseSloppy(code);
  if (!ast) throw new Error('its program does not parse');
  const found = findEntry(ast, task.entry);
  if (!found) throw new Error(`its program defines no function ${task.entry} at the top`);
  if (found.async || found.generator) throw new Error('it is an async function or a generator');
  const { params, body } = found;
  const list = params.length > 0 ? code.slice(params[0].start, params[params.length - 1].end) : '';
  const signature = `function ${task.entry}(${list.replace(/\s*\n\s*/g, ' ')}) {`;
  if (task.solution === undefined) return { signature, parameters: params.length };
  const inside =
    body.type === 'BlockStatement'
      ? code.slice(body.start + 1, body.end - 1).replace(/^[ \t]*\n|\s*$/g, '')
      : `  return ${code.slice(body.start, body.end)};`;
  const holds = ({ start, end }: { start: number; end: number }) => start <= found.start && found.end <= end;
  const helpers = ast.body.filter((node) => !holds(node)).map((node) => textOf(code, node as Statement));
  const implicit = declareVariables(code);
  const parts = [`${signature}\n${inside}\n}`, ...helpers, ...(implicit ? [implicit] : [])];
  return { signature, reference: parts.join('\n'), parameters: params.length };
}

function textOf(code: string, { start, end }: Statement): string {
  return code.slice(start, end);
}

/** The prose of a prompt: its comments, without the marks around them. */
function describe(prompt: string): string {
  const comments = [...prompt.matchAll(/\/\*+(.*?)\*\/|\/\/([^\n]*)/gs)].map(
    ([, block, line]) => block ?? line,
  );
  const text = comments.join('\n').replace(/^[ \t]*\*?[ \t]*/gm, '');
  const prose = (text.trim() || prompt.trim()).replaceAll('<|', '< |');
  return prose.replace(/\n{2,}/g, '\n');
}
