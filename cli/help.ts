import { describeValues, OPTION_NAMES, optionFor } from '../src/runs/options.ts';
import { type Command, FLAGS, flagsOf } from './flags.ts';

const PURPOSE: Record<Command, string> = {
  train: 'Trains a policy in headless Chrome and writes the run to runs/NAME/.',
  evaluate: 'Evaluates a policy on held-out tasks, prints the measures and writes them to runs/NAME/.',
  start: 'Serves the page on this machine and opens it.',
  test: 'Sets everything up, then runs lint, the type check and every test.',
};

function usage(command: Command): string {
  return command === 'start' || command === 'test' ? `npm ${command}` : `npm run ${command}`;
}

function table(rows: [left: string, right: string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

/** The text of `--help`, made from the flags and the configuration's `OPTIONS`. */
export function helpText(command: Command): string {
  const flags = flagsOf(command);
  const rows = flags.map((name): [string, string] => {
    const { value, help } = FLAGS[name]!;
    return [value ? `--${name} ${value}` : `--${name}`, help];
  });
  const parts = [`${PURPOSE[command]}\n\nUsage: ${usage(command)} -- [options]\n\n${table(rows)}`];
  if (flags.includes('set')) {
    const keys = OPTION_NAMES.map((name): [string, string] => {
      const { help, default: value } = optionFor(name);
      return [`${name}=${value}`, `${help} (${describeValues(name)})`];
    });
    parts.push(`Keys and their defaults, for --set:\n\n${table(keys)}`);
  }
  return `${parts.join('\n\n')}\n`;
}
