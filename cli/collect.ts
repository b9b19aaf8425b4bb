import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toCsv } from '../src/runs/export/csv.ts';
import { cellRows, metricRows, summariseCells, summaryMarkdown } from '../src/runs/sweep/collect.ts';
import { runCommand, UserError } from './errors.ts';
import { showPath } from './inputs.ts';
import { readResults } from './sweeps/read_results.ts';
import { type FileCommand, readWords, type Words, wordsHelp } from './words.ts';

const COMMAND: FileCommand = {
  usage: 'collect -- DIR [options]',
  purpose:
    'Folds the runs in a directory (the cells of a sweep, or any runs) to tables: means over seeds and paired differences.',
  flags: {
    to: { value: 'DIR', help: 'where to write cells.csv, metrics.csv, summary.md and summary.json (DIR)' },
    baseline: { value: 'LABEL', help: 'the group that the others are compared with (the first)' },
    measures: { value: 'A,B', help: 'measures to show (those without a "/"); the files hold all' },
  },
};

function collect({ words, flags }: Words): number {
  const [place] = words;
  if (place === undefined || words.length > 1) {
    throw new UserError(`expected one directory, got ${words.length} words: npm run ${COMMAND.usage}`);
  }
  if (!existsSync(place) || !statSync(place).isDirectory())
    throw new UserError(`${place}: there is no such directory`);
  const found = readResults(place);
  const done = found.filter(({ problem }) => problem === undefined).map(({ result }) => result);
  const left = found.filter(({ problem }) => problem !== undefined);
  for (const { result, problem } of left) console.error(`left out: ${result.name}, ${problem}`);
  if (done.length === 0) throw new UserError(`${place}: no finished run in it`);
  // In the order of the plan where there is one, whatever the names of directories are.
  done.sort((a, b) => (a.index ?? 0) - (b.index ?? 0) || a.config.seed - b.config.seed);
  let summary: ReturnType<typeof summariseCells>;
  try {
    summary = summariseCells(done, flags.get('baseline'));
  } catch (error) {
    throw new UserError((error as Error).message);
  }
  if (left.length > 0)
    summary.warnings.push(`${left.length} of ${found.length} runs are unfinished or failed, and left out`);
  const text = summaryMarkdown(summary, flags.get('measures')?.split(','));
  const to = flags.get('to') ?? place;
  mkdirSync(to, { recursive: true });
  const files = {
    'cells.csv': toCsv(cellRows(done)),
    'metrics.csv': toCsv(metricRows(done)),
    'summary.md': text,
    // JSON has no infinity: an interval of one seed is null.
    'summary.json': `${JSON.stringify(summary, null, 2)}\n`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(to, name), content);
  console.log(text);
  console.log(
    `Written: ${Object.keys(files)
      .map((name) => showPath(path.resolve(to, name)))
      .join(', ')}`,
  );
  return 0;
}

await runCommand(async () => {
  const given = readWords(process.argv.slice(2), COMMAND);
  if (!given.flags.has('help')) return collect(given);
  console.log(wordsHelp(COMMAND));
  return 0;
});
