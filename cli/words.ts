import { nearest } from '../src/runs/nearest.ts';
import { UserError } from './errors.ts';

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

/** Splits a command line; each flag must be known to the command. */
export function readWords(given: readonly string[], command: FileCommand): Words {
  const flags = new Map<string, string>();
  const words: string[] = [];
  const names = [...Object.keys(command.flags), 'help'];
  for (let at = 0; at < given.length; at++) {
    const word = given[at]!;
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (!match) {
      words.push(word);
      continue;
    }
    const name = match[1]!;
    if (!names.includes(name)) {
      throw new UserError(
        `unknown option --${name}, did you mean --${nearest(name, names)}? --help lists every option`,
      );
    }
    const value = command.flags[name]?.value;
    if (!value) {
      if (match[2] !== undefined) throw new UserError(`--${name} takes no value, got "${match[2]}"`);
      flags.set(name, '');
      continue;
    }
    const text = match[2] ?? given[++at];
    if (text === undefined || (match[2] === undefined && text.startsWith('--'))) {
      throw new UserError(`--${name} needs a value: --${name} ${value}`);
    }
    flags.set(name, text);
  }
  return { words, flags };
}

/** The text of `--help`. */
export function wordsHelp({ usage, purpose, flags }: FileCommand): string {
  const rows = Object.entries({ ...flags, help: { help: 'show this text' } }).map(
    ([name, { value, help }]: [string, { value?: string; help: string }]) => [
      value ? `--${name} ${value}` : `--${name}`,
      help,
    ],
  );
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
