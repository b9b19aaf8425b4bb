import { UserError } from './errors.ts';

/** What a command line is read by. */
export interface Grammar {
  /** The flags that are known, with what follows each as `--help` shows it; one without a value stands alone. */
  flags: Readonly<Record<string, { value?: string }>>;
  /** Takes a word that is no flag, or throws. */
  onWord(word: string): void;
  /** The error for a flag that is not known. */
  unknown(name: string): UserError;
}

/** Splits a command line into flags and their texts, in order; the text of a flag that stands alone is empty. */
export function splitFlags(words: readonly string[], grammar: Grammar): [name: string, text: string][] {
  const flags: [string, string][] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    if (!match) {
      grammar.onWord(word);
      continue;
    }
    const name = match[1]!;
    if (!Object.hasOwn(grammar.flags, name)) throw grammar.unknown(name);
    const { value } = grammar.flags[name]!;
    if (!value) {
      if (match[2] !== undefined) throw new UserError(`--${name} takes no value, got "${match[2]}"`);
      flags.push([name, '']);
      continue;
    }
    const text = match[2] ?? words[++at];
    if (text === undefined || (match[2] === undefined && text.startsWith('--'))) {
      throw new UserError(`--${name} needs a value: --${name} ${value}`);
    }
    flags.push([name, text]);
  }
  return flags;
}
