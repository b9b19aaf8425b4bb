/**
 * @file A headless run killed with SIGKILL at random moments, told to go on each time, and compared with one that was
 * left alone: `npm run soak:resume -- [--kills 10] [--method coderl_plus] [--steps 40] [--seed 0]`. Any difference in
 * metrics, rollouts, evaluations or weights ends it with exit code 1.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { trainKilled } from './killing.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    method: { type: 'string', default: 'coderl_plus' },
    steps: { type: 'string', default: '40' },
    seed: { type: 'string', default: '0' },
    device: { type: 'string', default: 'wasm' },
  },
});
const settings = {
  train_batch_size: 16,
  eval_final_tasks: 50,
  eval_every: 15,
  eval_tasks: 20,
  checkpoint_every: 2,
  // Supervised training goes through both of its phases, and comes to the end of its steps.
  'sft.execution_steps': 20,
  'sft.stop_at_pass@1': 1,
};
const args = [
  ...['--method', flags.method, '--steps', flags.steps, '--device', flags.device, '--seed', flags.seed],
  ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
];

const place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
try {
  const report = await trainKilled({ args, kills: Number(flags.kills), seed: Number(flags.seed), place });
  console.log(`undisturbed: ${report.seconds.toFixed(1)} s`);
  report.deaths.forEach(({ seconds, savedStep }, i) => {
    console.log(`life ${i + 1}: killed after ${seconds.toFixed(1)} s, saved step ${savedStep ?? 'none'}`);
  });
  if (report.differences.length > 0) {
    console.error(`the killed run differs in ${report.differences.join(', ')}`);
    process.exitCode = 1;
  } else console.log('the same metrics, rollouts, evaluations and weights, to the bit');
} finally {
  rmSync(place, { recursive: true });
}
