import { readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import type { StepMetrics } from '../src/runs/events.ts';
import { fixedMetrics } from '../src/runs/fixed.ts';
import { expect as expectPage, test as testPage } from './fixtures.ts';
import { expect, start, test } from './terminal.ts';

/** Runs with the trainer that users get, small enough for a test. */
const SMALL = ['eval_final_tasks=20', 'eval_every=0', 'train_batch_size=4', 'rollout.n=4'].flatMap(
  (setting) => ['--set', setting],
);

async function runs(command: string, args: string[]): Promise<void> {
  const { code, stdout, stderr } = await start(command, [...SMALL, '--device', 'wasm', ...args]).ended;
  expect(code, `${stdout}\n${stderr}`).toBe(0);
}

/** The lines of `metrics.jsonl` without what the clock says. */
function metrics(run: string): Record<string, number>[] {
  const lines = readFileSync(path.join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => fixedMetrics(JSON.parse(line) as StepMetrics));
}

test('a policy is made, improved by two methods, evaluated, and refused when damaged', async ({ place }) => {
  const policy = path.join(place('sft'), 'policy');
  await runs('train', ['--method', 'sft', '--steps', '3', '--out', place('sft')]);
  for (const method of ['coderl_plus', 'grpo']) {
    await runs('train', ['--method', method, '--steps', '2', '--policy', policy, '--out', place(method)]);
    expect(metrics(place(method))).toHaveLength(2);
    const rollouts = readFileSync(path.join(place(method), 'rollouts.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    for (const line of rollouts) {
      expect(JSON.parse(line)).toMatchObject({ reward: expect.any(Number), advantage: expect.any(Number) });
    }
  }
  await runs('evaluate', ['--policy', policy, '--out', place('evaluation')]);

  truncateSync(path.join(policy, 'model.safetensors'), 1000);
  const { code, stderr } = await start('evaluate', ['--policy', policy, '--out', place('none')]).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: .*1000/);
});

test('the shipped policy earns rewards, and its failures become questions', async ({ place }) => {
  await runs('train', ['--steps', '3', '--set', 'train_batch_size=16', '--out', place('run')]);
  const steps = metrics(place('run'));
  expect(steps[0]['rewards/code/mean']).toBeGreaterThan(0.05);
  expect(steps[1]['prompts/alignment']).toBe(6); // 0.4 x 16, rounded down
  expect(steps[1]['rewards/alignment/mean']).toBeGreaterThan(0.2);
  const { before } = JSON.parse(readFileSync(path.join(place('run'), 'evaluation.json'), 'utf8'));
  expect(before.measures['pass@1'].value).toBeGreaterThan(0);
});

test('a seed fixes every metric, rollout and weight', async ({ place }) => {
  for (const [method, run] of ['sft', 'coderl_plus'].flatMap((name) =>
    [`${name}/a`, `${name}/b`].map((to) => [name, to]),
  )) {
    await runs('train', ['--method', method, '--steps', '3', '--seed', '5', '--out', place(run)]);
  }
  const bytes = (run: string, file: string) => readFileSync(path.join(place(run), file));
  for (const method of ['sft', 'coderl_plus']) {
    expect(metrics(place(`${method}/a`))).toEqual(metrics(place(`${method}/b`)));
    const weights = 'policy/model.safetensors';
    expect(bytes(`${method}/a`, weights).equals(bytes(`${method}/b`, weights))).toBe(true);
  }
  const rollouts = (run: string) => bytes(`coderl_plus/${run}`, 'rollouts.jsonl');
  expect(rollouts('a').equals(rollouts('b'))).toBe(true);
});

for (const [device, badge] of [
  ['wasm&threads=1', /^wasm: .*1 thread$/],
  ['wasm&threads=2', /^wasm: .*2 threads$/],
  ['webgpu', /^webgpu: /],
] as const) {
  testPage(`the page trains with the trainer that users get: device=${device}`, async ({ page, site }) => {
    const query = '?steps=2&train_batch_size=4&rollout.n=2&eval_every=0&eval_final_tasks=10&device=';
    await page.goto(site + query + device);
    await page.getByRole('button', { name: 'Train' }).click();
    await expectPage(page.getByText(badge)).toBeVisible({ timeout: 60_000 });
    await expectPage(page.getByRole('status')).toHaveText('Finished after 2 steps.', { timeout: 90_000 });
  });
}

testPage('a development server serves modules to a page, workers with them', async ({ page, modules }) => {
  await page.goto(`${modules}?method=sft&steps=1&eval_final_tasks=4&device=wasm`);
  await page.getByRole('button', { name: 'Train' }).click();
  await expectPage(page.getByRole('status')).toHaveText('Finished after 1 steps.', { timeout: 90_000 });
});
