import * as tf from '@tensorflow/tfjs-core';
import { layersAt, weightsOf } from '../policy/transformer.ts';
import type { Value } from '../program/values.ts';
import { testsOf } from '../rl/code_source.ts';
import { itemOf } from '../semantics/item.ts';
import { executionPrompt, MARKS, RETURN } from '../tasks/format.ts';
import type { Task } from '../tasks/types.ts';
import { pack } from '../tensor/packed.ts';
import { random } from '../tensor/random.ts';
import { type Examples, fitProbe, PAPER_PROBE, scaleTargets, squaredErrors } from './linear_probe.ts';
import { lastOccurrences, tokensAt } from './occurrence.ts';
import { bootstrap, type Estimate } from './statistics.ts';
import type { Subject } from './subject.ts';

/** Share of each problem's inputs that the probe is fitted on. */
const TRAIN_SHARE = 0.8;

/** Sequences whose layers are computed together. */
const CHUNK = 64;

/** One value to predict: where in which sequence its variable last occurs, and what it ends with. */
interface Site {
  /** Tokens of the input and the program. */
  tokens: number[];
  /** The token of the variable's last occurrence. */
  row: number;
  target: number;
  isTrain: boolean;
}

/**
 * The per-layer linear probe of CodeRL+ (arXiv 2510.18471, appendix): how well the final values of the numeric variables
 * of the policy's own programs can be read, by a linear map, from the hidden state at each variable's last occurrence.
 * Each task's inputs are divided 8:2; values are scaled to [-1, 1] by the training ones of the same task and variable.
 * @param programs the policy's greedy program for each task
 * @returns `probe_mse/layer_0` (embeddings) on: mean squared error on the test inputs, lower is better aligned
 */
export async function probePolicy(
  subject: Subject,
  tasks: readonly Task[],
  programs: readonly string[],
  seed: number,
): Promise<Record<string, Estimate>> {
  const sites = await sitesOf(subject, tasks, programs, seed);
  const train = sites.filter(({ isTrain }) => isTrain);
  const test = sites.filter(({ isTrain }) => !isTrain);
  if (train.length === 0 || test.length === 0) return {};
  const [fitted, judged] = [await layerExamples(subject, train), await layerExamples(subject, test)];
  return Object.fromEntries(
    fitted.map((examples, layer) => {
      const probe = fitProbe(examples, { ...PAPER_PROBE, seed });
      const errors = squaredErrors(probe, judged[layer]);
      return [`probe_mse/layer_${layer}`, bootstrap(errors, { seed })];
    }),
  );
}

/** Runs every program on every input, and finds its numeric variables and their places. */
async function sitesOf(
  { sandbox, tokenizer }: Subject,
  tasks: readonly Task[],
  programs: readonly string[],
  seed: number,
): Promise<Site[]> {
  const jobs = tasks.map((task, i) => {
    const inputs = testsOf(task).map(({ input }) => input);
    return { code: programs[i], entry: task.entry, inputs, trace: inputs.map((_, j) => j) };
  });
  const results = await sandbox.run(jobs);
  return tasks.flatMap((task, i) => {
    const code = programs[i];
    const places = lastOccurrences(code);
    const inputs = jobs[i].inputs;
    const order = random(seed, 0x9b0a, i).shuffle(inputs.map((_, j) => j));
    const training = new Set(order.slice(0, Math.floor(TRAIN_SHARE * order.length)));
    const values = new Map<string, { input: number; value: number }[]>();
    results[i].calls.forEach((call, input) => {
      const item = itemOf(code, task, inputs[input], call, {
        align_max_variables: Number.MAX_SAFE_INTEGER,
        align_value: 'last_definition',
      });
      for (const [name, value] of item?.truth ?? []) {
        if (name === RETURN || typeof value !== 'number' || !Number.isFinite(value)) continue;
        values.set(name, [...(values.get(name) ?? []), { input, value }]);
      }
    });
    return [...values].flatMap(([name, found]) => {
      const known = found.filter(({ input }) => training.has(input)).map(({ value }) => value);
      const end = places.get(name);
      if (end === undefined || known.length === 0) return [];
      const targets = scaleTargets(
        known,
        found.map(({ value }) => value),
      );
      return found.map(({ input }, k): Site => {
        const text = readText(inputs[input], code);
        const tokens = tokenizer.encode(text);
        const [row] = tokensAt(tokenizer, tokens, [text.length - code.length + end]);
        return { tokens, row, target: targets[k], isTrain: training.has(input) };
      });
    });
  });
}

/** What the policy reads: the question without its last part, which would name the variables. */
function readText(inputs: Value[], program: string): string {
  const question = executionPrompt({ inputs, program, variables: [] });
  return question.slice(0, question.lastIndexOf(MARKS.vars));
}

/** The examples of each layer. */
async function layerExamples({ policy }: Subject, sites: readonly Site[]): Promise<Examples[]> {
  const width = policy.config.hidden_size;
  const layers = policy.config.num_hidden_layers + 1;
  const targets = Float32Array.from(sites, ({ target }) => target);
  const examples = Array.from({ length: layers }, (): Examples => {
    return { features: new Float32Array(sites.length * width), width, targets };
  });
  for (let from = 0; from < sites.length; from += CHUNK) {
    const chunk = sites.slice(from, from + CHUNK);
    const batch = pack(chunk.map(({ tokens }) => tokens));
    const rows = Int32Array.from(chunk, ({ row }, i) => batch.starts[i] + row);
    const states = tf.tidy(() => layersAt(policy, weightsOf(policy.parameters, policy.config), batch, rows));
    for (const [layer, state] of states.entries()) {
      examples[layer].features.set((await state.data()) as Float32Array, from * width);
    }
    tf.dispose(states);
  }
  return examples;
}
