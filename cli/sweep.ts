import path from 'node:path';
import { INTERRUPTED, runCommand, UserError } from './errors.ts';
import { showPath } from './inputs.ts';
import { ROOT } from './site.ts';
import { type Cell, readSweep } from './sweeps/cells.ts';
import { listCells } from './sweeps/list.ts';
import { runCells } from './sweeps/run_cells.ts';
import { type FileCommand, readWords, type Words, wholeNumber, wordsHelp } from './words.ts';

const COMMAND: FileCommand = {
  usage: 'sweep -- PLAN.json [options]',
  purpose:
    'Trains every cell of a plan (methods x seeds x settings), each in a browser of its own. Finished cells are skipped, interrupted ones go on.',
  flags: {
    out: { value: 'DIR', help: 'where the cells lie (runs/ and the name of the plan)' },
    parallel: { value: 'N', help: 'cells at a time (1)' },
    quick: { help: 'with the --quick settings of each method' },
    cell: { value: 'I', help: "this cell alone, from 0 (a cluster's JOB_COMPLETION_INDEX, where it is set)" },
    list: { help: 'show the cells and what became of them' },
  },
};

/** The cell that is asked for, by a flag or by a cluster; undefined for all. */
function chosenCell({ flags }: Words, cells: readonly Cell[]): Cell | undefined {
  const index = process.env.JOB_COMPLETION_INDEX;
  const [name, text] = flags.has('cell') ? ['--cell', flags.get('cell')!] : ['JOB_COMPLETION_INDEX', index];
  return text === undefined ? undefined : cells[wholeNumber(name, text, 0, cells.length - 1)];
}

async function sweep(given: Words): Promise<number> {
  const { words, flags } = given;
  const [file] = words;
  if (file === undefined || words.length > 1) {
    throw new UserError(`expected one plan, got ${words.length} words: npm run ${COMMAND.usage}`);
  }
  const parallel = wholeNumber('--parallel', flags.get('parallel') ?? '1', 1, 256);
  const out = path.resolve(flags.get('out') ?? path.join(ROOT, 'runs', path.parse(file).name));
  const plan = await readSweep(file, out, flags.has('quick'));
  if (flags.has('list')) {
    console.log(listCells(plan.cells));
    return 0;
  }
  const chosen = chosenCell(given, plan.cells);
  const outcome = await runCells(plan, chosen ? [chosen] : plan.cells, parallel);
  if (outcome.interrupted) return INTERRUPTED;
  if (!chosen) console.log(`Fold them: npm run collect -- ${showPath(out)}`);
  return outcome.failed + outcome.elsewhere > 0 ? 1 : 0;
}

await runCommand(async () => {
  const given = readWords(process.argv.slice(2), COMMAND);
  if (!given.flags.has('help')) return sweep(given);
  console.log(wordsHelp(COMMAND));
  return 0;
});
