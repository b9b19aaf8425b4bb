import { existsSync, rmdirSync } from 'node:fs';
import { runCommand, UserError } from './errors.ts';
import { outputDirectory, showPath } from './inputs.ts';
import { findRun, writeTree } from './run_files.ts';
import { type FileCommand, readWords, type Words, wordsHelp } from './words.ts';

const COMMAND: FileCommand = {
  usage: 'import -- FILE.zip [options]',
  purpose: 'Unpacks a run that was exported here or in the page. Everything in it is checked first.',
  flags: {
    out: { value: 'DIR', help: 'directory to write, empty or new (runs/ and the name of the file)' },
  },
};

function importRun({ words, flags }: Words): number {
  const [file] = words;
  if (file === undefined || words.length > 1) {
    throw new UserError(`expected one file, got ${words.length} words: npm run ${COMMAND.usage}`);
  }
  const { name, files, run } = findRun(file);
  const directory = outputDirectory({ out: flags.get('out'), name: name.replace(/[^\w.-]/g, '_') }, 'import');
  if (existsSync(directory)) rmdirSync(directory);
  writeTree(directory, files);
  const policy = run.policy ? `, policy: --policy ${showPath(directory)}/policy` : '';
  console.log(`${run.metrics.length} steps of ${run.config.method}: ${showPath(directory)}/${policy}`);
  return 0;
}

await runCommand(async () => {
  const given = readWords(process.argv.slice(2), COMMAND);
  if (!given.flags.has('help')) return importRun(given);
  console.log(wordsHelp(COMMAND));
  return 0;
});
