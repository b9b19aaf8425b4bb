import { type PolicyConfig, parameterCount } from '../policy/config.ts';
import type { DeviceInfo } from '../tensor/device.ts';
import type { Config } from './config.ts';
import type { Evaluation } from './events.ts';
import { formatProportion, formatTime } from './format.ts';
import { changedOptions } from './options.ts';

/** What a model card tells of a training. */
export interface CardFacts {
  config: Config;
  shape: PolicyConfig;
  device: DeviceInfo;
  /** Whether it started from a given policy rather than from random weights. */
  hasStart: boolean;
  /** Whether the tasks were the user's own. */
  hasOwnTasks: boolean;
  /** Missing where `eval_before` is off. */
  before: Evaluation | undefined;
  after: Evaluation;
  steps: number;
  /** Tokens that went through forward and backward passes. */
  tokens: number;
  seconds: number;
}

/** The model card of a trained policy (Markdown, `README.md` of its directory): what it is, how it was made, how good it is. */
export function modelCard(facts: CardFacts): string {
  const { config, shape, device, hasOwnTasks, before, after, steps, tokens, seconds } = facts;
  const parameters = parameterCount(shape);
  const rows = Object.keys(after.measures).map((name) => {
    const start = before?.measures[name];
    const end = after.measures[name];
    return `| ${name} | ${start ? formatProportion(start) : ''} | ${formatProportion(end)} | ${end.count} |`;
  });
  const teraflop = (6 * parameters * tokens) / 1e12;
  return `# A Tracewright policy

A transformer of ${parameters.toLocaleString('en')} parameters (${shape.num_hidden_layers} layers, width ${shape.hidden_size}, vocabulary ${shape.vocab_size}) that writes small JavaScript
programs from descriptions and predicts the values that programs compute. Files have the names and layout of Hugging
Face's \`LlamaForCausalLM\`.

## How it was made

    ${commandOf(facts)}

${steps} steps, ${tokens.toLocaleString('en')} training tokens (about ${teraflop.toPrecision(2)} TFLOP in the weights), ${formatTime(seconds)} with its
evaluations on ${device.backend} (${device.adapter}), in the browser. ${hasOwnTasks ? "The tasks were the user's own." : `Tasks: ${config.families}, generated from seed ${config.seed}.`}

## How good it is

${config.eval_split === 'heldout' ? 'Held-out' : 'Validation'} tasks, none of which was trained on; greedy, but for measures named sampled; 95% intervals.

| measure | before | after | tasks |
|---|---|---|---|
${rows.join('\n')}

## What it is not

A general programming model: it knows the vocabulary of the task families above, and little else.
`;
}

/** The command that repeats a training from the defaults. */
function commandOf({ config, hasStart, hasOwnTasks }: CardFacts): string {
  const flags = changedOptions(config).map(([name, text]) =>
    name === 'seed' || name === 'steps' || name === 'device'
      ? ` --${name} ${text}`
      : ` --set ${name}=${text}`,
  );
  return `npm run train -- --method ${config.method}${hasStart ? ' --policy DIR' : ''}${hasOwnTasks ? ' --tasks FILE.jsonl' : ''}${flags.join('')}`;
}
