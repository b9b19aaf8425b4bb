import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createNodeSandbox } from '../src/sandbox/node.ts';
import type { Sandbox } from '../src/sandbox/types.ts';
import { checkSolutions } from '../src/tasks/check_solutions.ts';
import { convertAssertionTask } from '../src/tasks/convert_assertions.ts';
import { TaskImportError } from '../src/tasks/import.ts';
import { importAny, type TaskFile } from '../src/tasks/import_any.ts';
import type { AssertionTask } from '../src/tasks/import_assertions.ts';
import { runCommand, UserError } from './errors.ts';
import { type Arguments, parseArguments } from './flags.ts';
import { helpText } from './help.ts';
import { showPath } from './inputs.ts';

/** Tasks left out that are named one by one. */
const SHOWN = 20;

function readFile(file: string | undefined): TaskFile {
  if (file === undefined) throw new UserError('--tasks FILE is needed: the file to check or to convert');
  if (!existsSync(file)) throw new UserError(`--tasks ${file}: there is no such file`);
  try {
    return importAny(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof TaskImportError) throw new UserError(`--tasks ${file}: ${error.message}`);
    throw error;
  }
}

function list(lines: string[]): void {
  for (const line of lines.slice(0, SHOWN)) console.log(`  ${line}`);
  if (lines.length > SHOWN) console.log(`  and ${lines.length - SHOWN} more`);
}

/** Says how many solutions pass in the sandbox, and why the others do not. */
async function check(sandbox: Sandbox, file: TaskFile): Promise<void> {
  const checks = await checkSolutions(sandbox, file);
  const passed = checks.filter((solution) => solution.passed);
  const traced = passed.filter((solution) => solution.traced);
  const without = file.tasks.length - checks.length;
  console.log(`${file.tasks.length} tasks of the ${file.format} format`);
  console.log(
    `${passed.length} of ${checks.length} solutions pass, ${traced.length} of them traced to the end` +
      (without > 0 ? `; ${without} tasks have no solution` : ''),
  );
  list(checks.flatMap(({ id, problem }) => (problem === undefined ? [] : `${id}: ${problem}`)));
}

/** Writes what can be a task of calls and expected values, and says why the others cannot. */
async function convert(sandbox: Sandbox, tasks: AssertionTask[], target: string): Promise<void> {
  const records: string[] = [];
  const problems: string[] = [];
  for (const task of tasks) {
    try {
      records.push(JSON.stringify(await convertAssertionTask(sandbox, task)));
    } catch (error) {
      problems.push(`${task.id}: ${(error as Error).message}`);
    }
  }
  if (records.length > 0) writeFileSync(target, `${records.join('\n')}\n`, { flag: 'wx' });
  console.log(`${records.length} tasks written to ${showPath(target)}, for --tasks of train and evaluate`);
  if (problems.length > 0) console.log(`${problems.length} left out:`);
  list(problems);
}

async function importFile({ tasks, write }: Arguments): Promise<number> {
  const file = readFile(tasks);
  if (write !== undefined && file.format === 'Tracewright')
    throw new UserError(`--write ${write}: ${tasks} is in Tracewright's own format already`);
  if (write !== undefined && existsSync(write))
    throw new UserError(`--write ${write}: the file exists, and nothing is overwritten; give another name`);
  const sandbox = await createNodeSandbox();
  await check(sandbox, file);
  if (write !== undefined && file.format !== 'Tracewright') await convert(sandbox, file.tasks, write);
  return 0;
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'import-tasks');
  if (!given.help) return importFile(given);
  console.log(helpText('import-tasks'));
  return 0;
});
