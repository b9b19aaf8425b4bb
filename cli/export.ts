import path from 'node:path';
import { packRun } from '../src/runs/export/archive.ts';
import { toCsv } from '../src/runs/export/csv.ts';
import { notebook } from '../src/runs/export/notebook.ts';
import { tensorboardEvents } from '../src/runs/export/tensorboard.ts';
import { nearest } from '../src/runs/nearest.ts';
import { runCommand, UserError } from './errors.ts';
import { showPath } from './inputs.ts';
import { type FoundRun, findRun, writeNew } from './run_files.ts';
import { type FileCommand, readWords, type Words, wordsHelp } from './words.ts';

const COMMAND: FileCommand = {
  usage: 'export -- RUN [RUN ...] [options]',
  purpose: 'Writes runs (directories, or .zip files of earlier exports) in another form.',
  flags: {
    as: {
      value: 'FORM',
      help: 'zip: a whole run in one file (the default); csv: its metrics; tensorboard; notebook',
    },
    to: { value: 'PLACE', help: 'the file to write, for tensorboard the directory (named after the run)' },
  },
};

/** Writes one form of some runs; returns the places written. */
type Form = (runs: FoundRun[], places: string[], to: string | undefined) => Promise<string[]> | string[];

function only(runs: readonly FoundRun[]): FoundRun {
  if (runs.length === 1) return runs[0]!;
  throw new UserError(`expected one run, got ${runs.length}: only tensorboard and notebook take several`);
}

function write(file: string, content: string | Uint8Array): string[] {
  writeNew(file, content);
  return [file];
}

const FORMS: Record<string, Form> = {
  zip: async (runs, [place], to) => {
    const { name, files } = only(runs);
    const archive = await packRun(files).catch((error: Error) => {
      throw new UserError(`${place}: ${error.message}`);
    });
    return write(to ?? `${name}.zip`, archive);
  },
  csv: (runs, _, to) => write(to ?? `${only(runs).name}.csv`, toCsv(only(runs).run.metrics)),
  tensorboard: (runs, _, to = 'tensorboard') =>
    runs.flatMap(({ name, run, began }) => {
      const file = `events.out.tfevents.${Math.floor(began)}.tracewright`;
      return write(path.join(to, name, file), tensorboardEvents(run, began));
    }),
  notebook: (runs, places, to = 'runs.ipynb') => {
    const seen = runs.map(({ name }, i) => ({
      name: runs.filter((run) => run.name === name).length > 1 ? places[i]! : name,
      path: path.relative(path.dirname(path.resolve(to)), path.resolve(places[i]!)).replaceAll(path.sep, '/'),
    }));
    return write(to, notebook(seen));
  },
};

async function exportRuns({ words, flags }: Words): Promise<number> {
  if (words.length === 0) throw new UserError(`expected a run: npm run ${COMMAND.usage}`);
  const name = flags.get('as') ?? 'zip';
  if (!Object.hasOwn(FORMS, name)) {
    const names = Object.keys(FORMS);
    throw new UserError(
      `--as ${name}: expected one of ${names.join(', ')}; the nearest is ${nearest(name, names)}`,
    );
  }
  const written = await FORMS[name]!(words.map(findRun), words, flags.get('to'));
  for (const place of written) console.log(`Written: ${showPath(path.resolve(place))}`);
  return 0;
}

await runCommand(async () => {
  const given = readWords(process.argv.slice(2), COMMAND);
  if (!given.flags.has('help')) return exportRuns(given);
  console.log(wordsHelp(COMMAND));
  return 0;
});
