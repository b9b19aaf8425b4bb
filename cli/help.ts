import { METHODS, type OptionName } from '../src/runs/config.ts';
import { describeValues, OPTION_NAMES, optionFor } from '../src/runs/options.ts';
import { METHOD_DEFAULTS, QUICK } from '../src/runs/presets.ts';
import { type Command, FLAGS, flagsOf } from './flags.ts';

const PURPOSE: Record<Command, string> = {
  train: 'Trains a policy in headless Chrome and writes the run to runs/NAME/.',
  evaluate: 'Evaluates a policy on held-out tasks, prints the measures and writes them to runs/NAME/.',
  'import-tasks':
    'Reads tasks of the HumanEval-X, MBXP or Tracewright format and says how many of their solutions pass, traced.',
  start: 'Serves the page on this machine and opens it.',
  test: 'Sets everything up, then runs lint, the type check and every test.',
};

/** The keys that an evaluation reads; it takes the others too, as a run's configuration has them. */
const EVALUATION_KEYS: OptionName[] = [
  'seed',
  'device',
  'families',
  'eval_final_tasks',
  'eval_samples',
  'rollout.temperature',
  'rollout.top_p',
  'rollout.max_new_tokens',
  'align_max_variables',
  'align_value',
  'align_max_prompt_tokens',
  'align_max_new_tokens',
];

function usage(command: Command): string {
  return command === 'start' || command === 'test' ? `npm ${command}` : `npm run ${command}`;
}

function table(rows: [left: string, right: string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

function presetRows(): [left: string, right: string][] {
  const settings = (preset: object) => Object.entries(preset).map(([name, value]) => `${name}=${value}`);
  const rows = METHODS.flatMap((method): [string, string][] => [
    [method, settings(METHOD_DEFAULTS[method]).join(' ')],
    [`${method} --quick`, settings(QUICK[method]).join(' ')],
  ]);
  return rows.filter(([, right]) => right !== '');
}

/** The text of `--help`, made from the flags and the configuration's `OPTIONS`. */
export function helpText(command: Command): string {
  const flags = flagsOf(command);
  const rows = flags.map((name): [string, string] => {
    const { value, help, own } = FLAGS[name]!;
    return [value ? `--${name} ${value}` : `--${name}`, own?.[command] ?? help];
  });
  const parts = [`${PURPOSE[command]}\n\nUsage: ${usage(command)} -- [options]\n\n${table(rows)}`];
  if (flags.includes('set')) {
    const names = command === 'evaluate' ? EVALUATION_KEYS : OPTION_NAMES;
    const keys = names.map((name): [string, string] => {
      const { help, default: value } = optionFor(name);
      return [`${name}=${value}`, `${help} (${describeValues(name)})`];
    });
    parts.push(`Keys and their defaults, for --set:\n\n${table(keys)}`);
    if (command !== 'evaluate')
      parts.push(`Other defaults of a method, and what --quick sets:\n\n${table(presetRows())}`);
  }
  return `${parts.join('\n\n')}\n`;
}
