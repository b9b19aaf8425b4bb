import { existsSync, readFileSync } from 'node:fs';
import { type Config, OPTIONS } from '../src/runs/config.ts';
import { nearest } from '../src/runs/nearest.ts';
import { OPTION_NAMES, parseJson, parseOptions, resolveConfig } from '../src/runs/options.ts';
import { QUICK } from '../src/runs/presets.ts';
import { UserError } from './errors.ts';
import { splitFlags } from './split_flags.ts';

export type Command = 'train' | 'evaluate' | 'start' | 'test' | 'import-tasks';

interface Flag {
  /** What follows the flag, as shown by `--help`; a flag without it stands alone. */
  value?: string;
  help: string;
  /** Other words for the commands to which `help` does not apply as it is. */
  own?: Partial<Record<Command, string>>;
  commands: readonly Command[];
}

/** Every flag of every command. Those named like a key of the configuration set that key. */
export const FLAGS: Record<string, Flag> = {
  method: { value: 'NAME', help: OPTIONS.method.help, commands: ['train', 'start'] },
  steps: { value: 'N', help: OPTIONS.steps.help, commands: ['train', 'start'] },
  seed: { value: 'N', help: OPTIONS.seed.help, commands: ['train', 'evaluate', 'start'] },
  device: { value: 'NAME', help: OPTIONS.device.help, commands: ['train', 'evaluate', 'start'] },
  policy: {
    value: 'DIR',
    help: 'the policy to start from (the shipped one; for sft: random weights)',
    own: { evaluate: 'the policy to evaluate (the shipped one)' },
    commands: ['train', 'evaluate'],
  },
  tasks: {
    value: 'FILE',
    help: 'tasks of your own, one JSON object a line',
    commands: ['train', 'evaluate', 'import-tasks'],
  },
  write: {
    value: 'FILE',
    help: 'a file to write: the tasks in the format that --tasks of train and evaluate takes',
    commands: ['import-tasks'],
  },
  out: {
    value: 'DIR',
    help: 'directory to write, empty or new (runs/NAME)',
    commands: ['train', 'evaluate'],
  },
  name: {
    value: 'NAME',
    help: 'name of the run (method and time)',
    own: { evaluate: 'name of its directory in runs/ (evaluation and time)' },
    commands: ['train', 'evaluate'],
  },
  config: {
    value: 'FILE',
    help: 'the configuration of an earlier run (its config.json); other options change it',
    commands: ['train', 'evaluate', 'start'],
  },
  resume: {
    value: 'DIR',
    help: 'go on with the unfinished run in this directory (--steps makes a finished one longer)',
    commands: ['train'],
  },
  set: {
    value: 'KEY=VALUE',
    help: 'set any key below; may be repeated',
    commands: ['train', 'evaluate', 'start'],
  },
  quick: {
    help: 'a run of about a minute on 2 cores',
    own: {
      evaluate: `on ${QUICK.coderl_plus.eval_final_tasks} tasks instead of ${OPTIONS.eval_final_tasks.default}`,
    },
    commands: ['train', 'evaluate', 'start'],
  },
  port: { value: 'N', help: 'port to serve on (4170)', commands: ['start'] },
  help: { help: 'show this text', commands: ['train', 'evaluate', 'start', 'test', 'import-tasks'] },
};

/** A command line, read and checked. */
export interface Arguments {
  config: Config;
  /** What the command line says of the configuration, without anybody's defaults. */
  given: Partial<Config>;
  help: boolean;
  policy?: string;
  tasks?: string;
  write?: string;
  out?: string;
  name?: string;
  port?: number;
  /** The run to go on with, and its new length where one was given. */
  resume?: { directory: string; steps?: number };
}

/** The names of the flags that a command takes. */
export function flagsOf(command: Command): string[] {
  return Object.keys(FLAGS).filter((name) => FLAGS[name]!.commands.includes(command));
}

function isKey(name: string): boolean {
  return Object.hasOwn(OPTIONS, name);
}

function unknownFlag(name: string, command: Command): UserError {
  if (isKey(name)) return new UserError(`--${name}: set this key with --set ${name}=VALUE`);
  const near = nearest(name, [...flagsOf(command), ...OPTION_NAMES]);
  const instead = FLAGS[near] ? `--${near}` : `--set ${near}=VALUE`;
  return new UserError(`unknown option --${name}, did you mean ${instead}? --help lists every option`);
}

function strayArgument(word: string, command: Command): UserError {
  const script = command === 'start' || command === 'test' ? `npm ${command}` : `npm run ${command}`;
  return new UserError(
    `unexpected argument "${word}": options go after \`--\` and start with --, as in \`${script} -- --help\``,
  );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535 || text.trim() === '') {
    throw new UserError(`--port: expected an integer from 0 to 65535, got "${text}"`);
  }
  return port;
}

/** The flags of a command line with their texts; other words are none of its. */
function readFlags(words: readonly string[], command: Command): [name: string, text: string][] {
  return splitFlags(words, {
    flags: Object.fromEntries(flagsOf(command).map((name) => [name, FLAGS[name]!])),
    onWord: (word) => {
      throw strayArgument(word, command);
    },
    unknown: (name) => unknownFlag(name, command),
  });
}

function splitSetting(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UserError(`--set: expected KEY=VALUE, got "${text}"`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** The keys in a run's `config.json`. */
function readConfig(file: string): Partial<Config> {
  if (!existsSync(file)) throw new UserError(`--config ${file}: there is no such file`);
  try {
    return parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(`--config ${file}: ${(error as Error).message}`);
  }
}

/** A run goes on with the configuration that it was started with. */
function checkAlone(given: Map<string, string>): void {
  const other = [...given.keys()].find((name) => !['resume', 'steps', 'help'].includes(name));
  if (other === undefined) return;
  throw new UserError(
    `--${other} cannot be given with --resume: a run goes on with what it was started with; only --steps may change`,
  );
}

/** Reads and checks a command line. */
export function parseArguments(words: readonly string[], command: Command): Arguments {
  const flags = readFlags(words, command);
  const given = new Map(flags);
  const settings = flags.flatMap(([name, text]): [string, string][] => {
    if (name === 'set') return [splitSetting(text)];
    return isKey(name) ? [[name, text]] : [];
  });
  const port = given.get('port');
  const resume = given.get('resume');
  if (resume !== undefined) checkAlone(given);
  const file = given.get('config');
  const earlier = file === undefined ? {} : readConfig(file);
  const options = { ...earlier, ...parseOptions(settings) };
  const quick = given.has('quick');
  const config = resolveConfig(options, { quick });
  return {
    config,
    given: { ...(quick && QUICK[config.method]), ...options },
    help: given.has('help'),
    policy: given.get('policy'),
    tasks: given.get('tasks'),
    write: given.get('write'),
    out: given.get('out'),
    name: given.get('name'),
    port: port === undefined ? undefined : parsePort(port),
    resume: resume === undefined ? undefined : { directory: resume, steps: options.steps },
  };
}
