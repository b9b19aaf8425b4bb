import { nearest } from '../src/runs/nearest.ts';
import { UserError } from './errors.ts';
import { splitFlags } from './split_flags.ts';

/** A command that works on files: what `--help` says of it, and the flags that it takes. */
export interface FileCommand {
  /** As typed after `npm run`, with the words that it takes. */
  usage: string;
  purpose: string;
  flags: Record<string, { value?: string; help: string }>;
}

/** A command line of a {@link FileCommand}: words in order, flags with their texts (empty for one that stands alone). */
export interface Words {
  words: string[];
  flags: Map<string, string>;
}

const HELP: FileCommand['flags'] = { help: { help: 'show this text' } };

/** Splits a command line; each flag must be known to the command. */
export function readWords(given: readonly string[], command: FileCommand): Words {
  const words: string[] = [];
  const known = { ...command.flags, ...HELP };
  const flags = splitFlags(given, {
    flags: known,
    onWord: (word) => words.push(word),
    unknown: (name) =>
      new UserError(
        `unknown option --${name}, did you mean --${nearest(name, Object.keys(known))}? --help lists every option`,
      ),
  });
  return { words, flags: new Map(flags) };
}

/** The text of `--help`. */
export function wordsHelp({ usage, purpose, flags }: FileCommand): string {
  const rows = Object.entries({ ...flags, ...HELP }).map(([name, { value, help }]) => [
    value ? `--${name} ${value}` : `--${name}`,
    help,
  ]);
  const width = Math.max(...rows.map(([flag]) => flag!.length));
  const lines = rows.map(([flag, help]) => `  ${flag!.padEnd(width)}  ${help}\n`);
  return `${purpose}\n\nUsage: npm run ${usage}\n\n${lines.join('')}`;
}

/** A whole number given as text. */
export function wholeNumber(
  flag: string,
  text: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UserError(`${flag}: expected a whole number ${range}, got "${text}"`);
}
