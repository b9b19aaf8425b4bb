/** The short form of `npm run soak:train`. */
import { grown, trainMeasured } from '../bench/training_memory.ts';
import { startingPolicy } from '../cli/inputs.ts';
import { resolveConfig } from '../src/runs/options.ts';
import { expect, test } from './terminal.ts';

test('what a training holds does not grow with its steps', async () => {
  const config = resolveConfig({
    method: 'coderl_plus',
    device: 'wasm',
    threads: 1,
    steps: 40,
    train_batch_size: 4,
    'rollout.n': 4,
    'rollout.max_new_tokens': 32,
    align_max_new_tokens: 32,
    eval_every: 0,
    eval_final_tasks: 5,
  });
  const samples = await trainMeasured(config, startingPolicy(undefined, 'coderl_plus'), 8);
  expect(samples.map(({ step }) => step)).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
  expect(grown(samples.map((sample) => ({ ...sample, browser: 0 })))).toEqual([]);
});
