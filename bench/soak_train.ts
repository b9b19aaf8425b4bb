/**
 * @file Memory over a long training: `npm run soak:train -- [--method coderl_plus] [--steps 2000] [--device wasm]
 * [--samples 20] [--set KEY=VALUE]`. Small batches of the shipped policy, so that steps are many. Ends with exit code
 * 1 when anything grew.
 */
import { parseArgs } from 'node:util';
import { parseArguments } from '../cli/flags.ts';
import { startingPolicy } from '../cli/inputs.ts';
import { grown, trainMeasured } from './training_memory.ts';

const { values: flags } = parseArgs({
  options: {
    method: { type: 'string', default: 'coderl_plus' },
    steps: { type: 'string', default: '2000' },
    device: { type: 'string', default: 'wasm' },
    samples: { type: 'string', default: '20' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const settings = [
  ...['train_batch_size=4', 'rollout.n=4', 'eval_every=0', 'eval_final_tasks=20', 'sft.stop_at_pass@1=1'],
  // A thread that waits for work does not answer when the browser measures heaps, which then takes a minute.
  'threads=1',
  ...flags.set,
];
const { config } = parseArguments(
  [
    ...['--method', flags.method, '--steps', flags.steps, '--device', flags.device],
    ...settings.flatMap((setting) => ['--set', setting]),
  ],
  'train',
);

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
console.log('step  tensors  device MB  wasm MB  heaps MB  browser MB');
const samples = await trainMeasured(
  config,
  startingPolicy(undefined, config.method),
  Number(flags.samples),
  ({ step, tensors, ...bytes }) => {
    const sizes = [bytes.device, bytes.wasm, bytes.heaps, bytes.browser].map(megabytes);
    console.log([step, tensors, ...sizes].join('  '));
  },
);
const growth = grown(samples);
if (growth.length > 0) {
  console.error(`grew: ${growth.join('; ')}`);
  process.exitCode = 1;
} else console.log(`flat over ${samples.at(-1)!.step} steps`);
